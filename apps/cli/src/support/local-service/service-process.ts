import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readText, send } from '../http/send.js';
import { readServiceFile, type ServiceFile } from '../location/home.js';
import { isAlive } from '../location/process-alive.js';

/** The program of the service, in the same build as this command line. */
export const SERVICE_MAIN = fileURLToPath(new URL('../../../../service/main.js', import.meta.url));

const HEALTH_DEADLINE_MS = 2_000;

/** The service that runs on this home, if one does. A pid that another program has by now does not count. */
export async function findRunningService(home: string): Promise<ServiceFile | undefined> {
  const service = readServiceFile(home);
  return service !== undefined && (await isServiceProcess(service.pid)) ? service : undefined;
}

/** Whether the service answers that it is well. */
export async function isHealthy(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_DEADLINE_MS);
    const reply = await send({ method: 'GET', url: new URL(`${url}/healthz`), headers: {}, signal });
    await readText(reply);
    return reply.statusCode === 200;
  } catch {
    return false;
  }
}

/** Asks the process to stop and waits until it is gone; false when it still runs at the deadline. */
export async function stopProcess(pid: number, deadlineMs: number): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  process.kill(pid, 'SIGTERM');
  while (await isServiceProcess(pid)) {
    if (Date.now() > end) return false;
    await delay(50);
  }
  return true;
}

async function isServiceProcess(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  return (await commandLineOf(pid)).includes('apps/service/main.js');
}

/** Empty for a process that has ended and was not yet waited for. */
async function commandLineOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    const run = promisify(execFile);
    const listed = await run('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => undefined);
    return listed?.stdout ?? '';
  }
}
