import { readFile } from 'node:fs/promises';
import {
  createShutdown,
  ensureFolder,
  ensureToken,
  identifyProcess,
  loadConfig,
  openHome,
  RuntimeError,
  type Logger,
  type Shutdown,
} from '#runtime';
import type { LeaseLostError } from '#event-store';
import { HOST_CONSUMER } from '../host/index.js';
import { OPERATOR_CONSUMER } from '../operator/index.js';
import { createServer } from '../server/index.js';
import { refuseContainersHome } from './containers/marker.js';
import { listenInHome } from './home-socket.js';
import { listen, urlOf, type Address } from './listen.js';
import { commandsModule, workingModules } from './modules.js';
import { withHomeCredentials } from './nats-credentials.js';
import { notice } from './notice.js';
import { startHealth, startOperator } from './operator-process.js';
import { openParts, STOP_DEADLINE_MS, type Parts } from './parts.js';
import { replacedBy } from './operator-lease.js';
import { requirePrivateBind } from './require-private-bind.js';
import { homeOfRole, lockRole, readRole, worksOnSessions, type Role } from './role.js';
import { roleLogger } from './role-logger.js';
import { removeServiceFile, writeServiceFile } from './service-file.js';
import { withSettingsFile } from './settings-file.js';

export interface RunningService {
  /** Of the REST API; of an operator, where it says how it is. */
  url: string;
  /** Resolves when the service was stopped, to the steps that failed; rejects with why, when it had to stop. */
  finished: Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * Starts what the role is made of in this process. What was started before a failure is stopped again.
 * @throws ConfigError, HomeError, NatsError, LogError, ComputerError; EADDRINUSE from the listener
 */
export async function startService(
  given: NodeJS.ProcessEnv,
  argv: readonly string[] = [],
): Promise<RunningService> {
  const env = await withSettingsFile(given);
  const role = readRole(env, argv);
  const own = loadConfig({ env });
  requirePrivateBind(own);
  const home = homeOfRole(await openHome(own.home), role);
  if (role === 'all') await refuseContainersHome(home);
  await ensureFolder(home.logs);
  const lock = await lockRole(home, role);
  const logger = roleLogger(home, role, own.logLevel);
  const shutdown = createShutdown(logger);
  shutdown.register('home', () => lock.release());
  try {
    const config = await withHomeCredentials(own, home, role);
    const tell = teller(role, logger);
    const { url, finished } = await unlessOvertaken(shutdown, async () => {
      const parts = await openParts(role, config, home, logger, shutdown, tell);
      const finished = endedByLease(parts, shutdown);
      return { url: await compose(role, parts, shutdown, tell), finished };
    });
    return { url, finished, stop: async () => void (await shutdown.run('requested')) };
  } catch (error) {
    logger.fatal({ err: error }, 'the service could not start');
    await shutdown.run('failed start');
    throw error;
  }
}

/**
 * What a start comes to, or the end of a shutdown that was asked for meanwhile.
 * @throws RuntimeError `start_ended`
 */
async function unlessOvertaken<T>(shutdown: Shutdown, start: () => Promise<T>): Promise<T> {
  const overtaken = shutdown.finished.then((): never => {
    throw new RuntimeError('start_ended', 'Raworc was told to stop while it was starting.');
  });
  return Promise.race([overtaken, start()]);
}

/** Ends the service when another one has the lease, and resolves or rejects as the service ends. */
function endedByLease({ lease, logger }: Parts, shutdown: Shutdown): Promise<string[]> {
  let replaced: Error | undefined;
  lease?.lost.addEventListener('abort', () => {
    const { holder } = lease.lost.reason as LeaseLostError;
    if (holder === undefined) return;
    replaced = replacedBy(holder);
    logger.fatal(replaced.message);
    void shutdown.run('the lease was lost');
  });
  const finished = shutdown.finished.then((failed) => {
    if (replaced !== undefined) throw replaced;
    return failed;
  });
  // Whoever does not wait for the end is told by the log.
  finished.catch(() => undefined);
  return finished;
}

async function compose(
  role: Role,
  parts: Parts,
  shutdown: Shutdown,
  tell: (notice: string) => void,
): Promise<string> {
  const version = await readVersion();
  const address = await (role === 'operator'
    ? operate(parts, shutdown)
    : serve(role, parts, version, shutdown, tell));
  const url = urlOf(address);
  const { pid } = process;
  const identity = (await identifyProcess(pid)) ?? null;
  const started_at = Date.now() / 1000;
  shutdown.register('service file', () => removeServiceFile(parts.home));
  const build = await readBuild();
  const computers = worksOnSessions(role) ? parts.computers.driver : undefined;
  const { port } = address;
  await writeServiceFile(parts.home, { pid, identity, port, url, started_at, version, build, computers });
  parts.logger.info({ url, version, role }, 'ready');
  return url;
}

/** A role of several has its own log for people; of the one-process service they see the start. */
function teller(role: Role, logger: Logger): (notice: string) => void {
  return (message) => {
    logger.warn(message);
    if (role === 'all') notice(message);
  };
}

async function serve(
  role: Role,
  parts: Parts,
  version: string,
  shutdown: Shutdown,
  tell: (notice: string) => void,
): Promise<Address> {
  const { config, home, log, logger, node, views, computers } = parts;
  const app = await createServer({
    version,
    node,
    token: await ensureToken(home),
    publicUrl: config.publicUrl,
    store: log.store,
    signals: log.signals,
    views: {
      sessions: views.sessions,
      messages: views.messages,
      runner: views.views,
      unreadable: views.unreadable,
    },
    log: logger.child({ part: 'server' }),
    conditions: () => conditionsOf(parts),
    consumers: [OPERATOR_CONSUMER, HOST_CONSUMER],
    queues: parts.queues,
    commands: commandsModule(parts),
    computers,
    streams: { total: config.maxStreams, perClient: config.maxStreamsPerClient },
    extraModules: role === 'all' ? workingModules(parts) : [],
  });
  shutdown.register('server', () => app.close(), STOP_DEADLINE_MS);
  const address = await listen(app, config, tell);
  const leaveHome = await listenInHome(app.getHttpServer(), home);
  shutdown.register('socket', leaveHome);
  return address;
}

/** A lease that is not certain belongs to a process that stood still, or a log that does not answer. */
function conditionsOf({ conditions, lease, space }: Parts): Record<string, string | undefined> {
  const all = { ...conditions, disk: space.lastShortage };
  if (lease === undefined || lease.isCertain) return all;
  return {
    ...all,
    operator: 'The lease to work on sessions could not be renewed; it is tried again.',
  };
}

async function operate(parts: Parts, shutdown: Shutdown): Promise<Address> {
  const app = await startOperator(parts);
  shutdown.register('operator', () => app.close(), STOP_DEADLINE_MS);
  // The default port is the server's, which may be on this machine too.
  const { port, sources } = parts.config;
  const health = await startHealth(parts, sources.port === 'the default' ? 0 : port);
  shutdown.register('health', () => health.close());
  return { host: '127.0.0.1', port: health.port };
}

async function readVersion(): Promise<string> {
  // From dist/apps/service as from apps/service, the package is the nearest one above.
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
    if (folder.pathname === '/') return 'unknown';
  }
}

/** Written beside the programs when they are built. */
async function readBuild(): Promise<string | undefined> {
  const text = await readFile(new URL('../../.built', import.meta.url), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as { id: string }).id;
}
