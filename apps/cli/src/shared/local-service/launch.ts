import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors/cli-error.js';
import type { ServiceFile } from '../location/home.js';
import { openServiceOutput, type ServiceOutput } from './service-output.js';
import { findRunningService, isHealthy, SERVICE_MAIN } from './service-process.js';

const START_DEADLINE_MS = 60_000;

export interface StartedService extends ServiceFile {
  already_running: boolean;
}

/** Starts the service for a command that needs it, and says so. */
export async function startInBackground(home: string): Promise<StartedService> {
  process.stderr.write('Raworc is not running; starting it in the background (raworc stop ends it) …\n');
  return startService(home);
}

/**
 * Starts the service of this home as a process of its own and waits until it answers. Safe to call from several
 * commands at once: the home has one service, and all of them find it.
 * @throws {CliError} with the reason that the service gave.
 */
export async function startService(home: string, port?: number): Promise<StartedService> {
  const running = await findRunningService(home);
  if (running !== undefined) return { ...(await untilReady(home)), already_running: true };

  requireServiceMain();
  const output = await openServiceOutput(home);
  const child = spawn(process.execPath, [SERVICE_MAIN], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
    cwd: home,
    env: serviceEnv(home, port),
  });
  child.unref();
  try {
    return { ...(await untilReady(home, { child, output })), already_running: false };
  } finally {
    await output.close();
  }
}

/** Runs the service in this terminal; resolves with its exit code. */
export async function runInForeground(home: string, port?: number): Promise<number> {
  requireServiceMain();
  const child = spawn(process.execPath, [SERVICE_MAIN], { stdio: 'inherit', env: serviceEnv(home, port) });
  // A terminal sends Ctrl-C to both; the service decides when it has stopped.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (code) => resolve(code ?? 1));
  return promise;
}

interface Launch {
  child: ChildProcess;
  output: ServiceOutput;
}

async function untilReady(home: string, launch?: Launch): Promise<ServiceFile> {
  const end = Date.now() + START_DEADLINE_MS;
  while (Date.now() < end) {
    const service = await findRunningService(home);
    if (service !== undefined && (await isHealthy(service.url))) return service;
    if (launch !== undefined && hasEnded(launch.child)) await refuseUnlessAnotherStarts(launch);
    await delay(50);
  }
  launch?.child.kill('SIGTERM');
  throw new CliError(
    'start_timed_out',
    `The service did not answer within ${START_DEADLINE_MS / 1000} seconds.`,
    {
      exit: 2,
      hint: 'See what it does: raworc logs',
    },
  );
}

/** Another command started the service at the same moment: then that one will be ready soon. */
async function refuseUnlessAnotherStarts({ child, output }: Launch): Promise<void> {
  const failure = await output.failure();
  if (failure?.code === 'home_in_use') return;
  if (failure !== undefined) throw new CliError(failure.code, failure.message, { exit: 2 });
  const ending = child.signalCode ?? `exit code ${child.exitCode}`;
  const reason = (await output.errorLine()) ?? 'it gave no reason';
  throw new CliError('service_failed', `The service ended at once (${ending}): ${reason}`, {
    exit: 2,
    hint: `Its output is in ${output.path}; raworc doctor checks what it needs.`,
  });
}

function requireServiceMain(): void {
  if (existsSync(SERVICE_MAIN)) return;
  throw new CliError('not_built', `${SERVICE_MAIN} is missing, so there is no service to start.`, {
    exit: 2,
    hint: 'Run npm run build in the folder of Raworc.',
  });
}

function serviceEnv(home: string, port: number | undefined): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, RAWORC_HOME: home };
  return port === undefined ? env : { ...env, RAWORC_PORT: String(port) };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
