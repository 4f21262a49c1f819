import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readText, send } from '../http/send.js';
import { readRoleFile, readServiceFile, ROLES, type Role, type ServiceFile } from '../location/home.js';
import type { Server } from '../location/find-server.js';
import { identifyProcess } from '../location/process-identity.js';

/** The program of the service, in the same build as this command line. */
export const SERVICE_MAIN = fileURLToPath(new URL('../../../../service/main.js', import.meta.url));

const HEALTH_DEADLINE_MS = 2_000;

/** The service that runs on this home, if one does. A pid that another program has by now does not count. */
export async function findRunningService(home: string): Promise<ServiceFile | undefined> {
  const service = readServiceFile(home);
  return service !== undefined && (await runs(service)) ? service : undefined;
}

export interface RunningRole extends ServiceFile {
  role: Role;
}

/** The processes that share the work on this home, where no single one does all of it. */
export async function findRunningRoles(home: string): Promise<RunningRole[]> {
  const found = await Promise.all(
    ROLES.map(async (role) => {
      const file = readRoleFile(home, role);
      return file !== undefined && (await runs(file)) ? { ...file, role } : undefined;
    }),
  );
  return found.filter((process) => process !== undefined);
}

/** Whether the home's own service answers that it is well. */
export function isHealthy(home: string): Promise<boolean> {
  return answers({ url: 'http://localhost', local: true, home });
}

/** Whether a server answers that it is well. It is shown no token. */
export async function answers({ url, local, home }: Omit<Server, 'token'>): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_DEADLINE_MS);
    const reply = await send({
      method: 'GET',
      url: new URL(`${url}/healthz`),
      home: local ? home : undefined,
      headers: {},
      signal,
    });
    await readText(reply);
    return reply.statusCode === 200;
  } catch {
    return false;
  }
}

/** Asks the process to stop and waits until it is gone; false when it still runs at the deadline. */
export async function stopProcess(service: ServiceFile, deadlineMs: number): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  process.kill(service.pid, 'SIGTERM');
  while (await runs(service)) {
    if (Date.now() > end) return false;
    await delay(50);
  }
  return true;
}

async function runs({ pid, identity }: ServiceFile): Promise<boolean> {
  return identity !== null && identity !== undefined && (await identifyProcess(pid)) === identity;
}
