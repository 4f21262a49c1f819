import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { CliError } from '../errors/cli-error.js';
import { readContainersFile, type ServiceFile } from '../location/home.js';
import { containersDoNotAnswer } from './containers.js';
import { noticesOf, sayAtTerminal } from './notices.js';
import { openServiceOutput, parseFailure, readableLine, type ServiceOutput } from './service-output.js';
import { findRunningService, isHealthy, SERVICE_MAIN } from './service-process.js';
import { requireServiceMain } from './service-task.js';
import { StartDeadline } from './start-deadline.js';

/** How long another command's start is waited for before trying again. */
const OTHER_MS = 1_000;
const POLL_MS = 50;
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StartedService extends Omit<ServiceFile, 'pid' | 'identity'> {
  /** Null for one that runs in containers. */
  pid: number | null;
  already_running: boolean;
}

/**
 * Starts the service for a command that needs it, and says so to a person. Where stderr is no terminal it may be read
 * together with the reply, as in `2>&1 | jq`.
 */
export async function startInBackground(home: string): Promise<StartedService> {
  sayAtTerminal('Raworc is not running; starting it in the background (raworc stop ends it) …');
  return startService(home);
}

/**
 * Starts the service of this home as a process of its own and waits until it answers. Safe to call from several
 * commands at once, and while an old one stops: a home has one service, and all callers find it.
 * @throws {CliError} with the reason that the service gave.
 */
export async function startService(home: string, port?: number): Promise<StartedService> {
  const deadline = new StartDeadline();
  const running = await findAnswering(home);
  if (running !== undefined) return { ...running, already_running: true };
  const containers = readContainersFile(home);
  if (containers !== undefined) {
    if (await isHealthy(home)) return { ...containers, pid: null, already_running: true };
    throw containersDoNotAnswer(containers);
  }

  requireServiceMain();
  // The other start writes to the same file.
  const output = await openServiceOutput(home);
  try {
    while (!deadline.isOver) {
      const own = await launch(home, port, deadline);
      if (own !== 'home_in_use') return { ...own, already_running: false };
      const other = await waitForOther(home, Date.now() + OTHER_MS);
      if (other !== undefined) return { ...other, already_running: true };
      await deadline.watch(output);
    }
  } finally {
    await output.close();
  }
  throw new CliError('start_timed_out', 'The service that has this home does not answer.', {
    exit: 2,
    hint: 'See what it does: raworc logs. End it with: raworc stop',
  });
}

/**
 * Runs the service in this terminal; resolves with its exit code.
 * @throws {CliError} with the reason that the service gave for not starting
 */
export async function runInForeground(home: string, port?: number): Promise<number> {
  requireServiceMain();
  const stdio: StdioOptions = ['inherit', 'inherit', 'pipe'];
  const child = spawn(process.execPath, [SERVICE_MAIN], { stdio, env: serviceEnv(home, port) });
  let failure: { code: string; message: string } | undefined;
  createInterface({ input: child.stderr! }).on('line', (line) => {
    failure = parseFailure(line) ?? failure;
    if (parseFailure(line) === undefined) process.stderr.write(`${readableLine(line)}\n`);
  });
  // A terminal sends Ctrl-C to both; the service decides when it has stopped.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  // Not "exit": what it said last may come after that.
  child.once('close', (code) => resolve(code ?? 1));
  const code = await promise;
  if (code !== 0 && failure !== undefined) throw new CliError(failure.code, failure.message, { exit: 2 });
  return code;
}

async function findAnswering(home: string): Promise<ServiceFile | undefined> {
  const service = await findRunningService(home);
  return service !== undefined && (await isHealthy(home)) ? service : undefined;
}

/** Starts one process. It may find that the home has a service, which starts or stops just now. */
async function launch(
  home: string,
  port: number | undefined,
  deadline: StartDeadline,
): Promise<ServiceFile | 'home_in_use'> {
  const output = await openServiceOutput(home);
  const stdio: StdioOptions = ['ignore', output.fd, output.fd];
  const env = serviceEnv(home, port);
  const child = spawn(process.execPath, [SERVICE_MAIN], { detached: true, stdio, cwd: home, env });
  child.unref();
  const passOnNotices = noticesOf(output);
  const letLive = endWithThisCommand(child);
  try {
    while (!deadline.isOver) {
      const ended = hasEnded(child);
      const service = await findAnswering(home);
      if (await passOnNotices()) deadline.extend();
      if (service !== undefined) return service;
      if (ended) return await readFailure(child, output);
      await delay(POLL_MS);
    }
  } finally {
    letLive();
    await output.close();
  }
  child.kill('SIGTERM');
  throw new CliError('start_timed_out', 'The service did not answer in time.', {
    exit: 2,
    hint: 'See what it does: raworc logs',
  });
}

/**
 * A signal that ends this command also ends the service that it is starting: a user who gave up waiting does not expect
 * the service to appear later. Call the returned function once the service may outlive this command.
 */
function endWithThisCommand(service: ChildProcess): () => void {
  const end = (signal: NodeJS.Signals): void => {
    service.once('exit', () => {
      letLive();
      process.kill(process.pid, signal);
    });
    service.kill('SIGTERM');
  };
  const letLive = (): void => ENDING_SIGNALS.forEach((signal) => void process.off(signal, end));
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  return letLive;
}

async function waitForOther(home: string, end: number): Promise<ServiceFile | undefined> {
  for (;;) {
    const service = await findAnswering(home);
    if (service !== undefined || Date.now() > end) return service;
    await delay(POLL_MS);
  }
}

async function readFailure(child: ChildProcess, output: ServiceOutput): Promise<'home_in_use'> {
  const failure = await output.failure();
  if (failure?.code === 'home_in_use') return 'home_in_use';
  if (failure !== undefined) throw new CliError(failure.code, failure.message, { exit: 2 });
  const ending = child.signalCode ?? `exit code ${child.exitCode}`;
  const reason = (await output.errorLine()) ?? 'it gave no reason';
  throw new CliError('service_failed', `The service ended at once (${ending}): ${reason}`, {
    exit: 2,
    hint: `Its output is in ${output.path}; raworc doctor checks what it needs.`,
  });
}

function serviceEnv(home: string, port: number | undefined): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, RAWORC_HOME: home };
  return port === undefined ? env : { ...env, RAWORC_PORT: String(port) };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
