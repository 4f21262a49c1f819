import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CommandsModule } from '#commands';
import { selectComputers } from '#computers';
import { openJetStreamStore } from '#event-store';
import {
  createLogger,
  createShutdown,
  createVault,
  ensureFolder,
  ensureMasterKey,
  ensureToken,
  loadConfig,
  lockHome,
  openHome,
  openNats,
  systemIds,
  type Config,
  type Home,
  type Logger,
  type OpenNats,
  type Shutdown,
} from '#runtime';
import { HostModule } from '../host/index.js';
import { OperatorModule } from '../operator/index.js';
import { createServer } from '../server/index.js';
import { sessionDirectory } from './directory.js';
import { removeServiceFile, writeServiceFile } from './service-file.js';
import { openViews } from './views.js';

export interface RunningService {
  url: string;
  /** Resolves when the service was stopped, to the steps that failed. */
  finished: Promise<string[]>;
  stop(): Promise<void>;
}

/** Computers and streams get this long to end in an orderly way. */
const STOP_DEADLINE_MS = 15_000;

/**
 * Starts everything in this process. What was started before a failure is stopped again.
 * @throws ConfigError, HomeError, NatsError, LogError, ComputerError; EADDRINUSE from the listener
 */
export async function startService(env: NodeJS.ProcessEnv): Promise<RunningService> {
  const config = loadConfig({ env });
  const home = await openHome(config.home);
  await ensureFolder(home.logs);
  const lock = await lockHome(home);
  const logger = createLogger({ name: 'raworc', level: config.logLevel, file: home.serviceLog });
  const shutdown = createShutdown(logger);
  shutdown.register('home', () => lock.release());
  try {
    const url = await compose(config, home, logger, shutdown);
    return { url, finished: shutdown.finished, stop: async () => void (await shutdown.run('requested')) };
  } catch (error) {
    logger.fatal({ err: error }, 'the service could not start');
    await shutdown.run('failed start');
    throw error;
  }
}

async function compose(config: Config, home: Home, logger: Logger, shutdown: Shutdown): Promise<string> {
  const version = await readVersion();
  const token = await ensureToken(home);
  const masterKey = await ensureMasterKey(home);

  const nats = await openNats(config, home, logger.child({ part: 'nats' }));
  shutdown.register('nats', () => nats.close());
  const onPoison = (error: Error) => logger.error({ err: error }, 'an event cannot be read');
  const log = await openJetStreamStore(nats.connection, { replicas: config.replicas, onPoison });
  shutdown.register('log', () => log.close());

  const computers = await selectComputers({
    setting: config.computers,
    root: await ensureFolder(home.computers),
    image: config.image,
    logger: logger.child({ part: 'computers' }),
  });
  shutdown.register('computers', () => computers.dispose(), STOP_DEADLINE_MS);
  const views = await openViews(log.store, await ensureFolder(home.views), logger.child({ part: 'views' }), {
    name: 'raworc rebuild',
    ...addressOf(config, nats),
  });
  shutdown.register('views', () => views.views.close());

  const vault = createVault({ masterKey, keys: log.keys });
  const node = hostname();
  const directory = sessionDirectory(views.sessions);
  const app = await createServer({
    version,
    node,
    token,
    store: log.store,
    signals: log.signals,
    views: { sessions: views.sessions, messages: views.messages, runner: views.views },
    log: logger.child({ part: 'server' }),
    commands: CommandsModule.register({
      store: log.store,
      names: log.names,
      attachments: log.attachments,
      vault,
      ids: systemIds,
      commandLog: {
        find: (commandId) => views.commandOf(commandId),
        waitFor: (sequence, deadlineMs) => views.views.waitFor(sequence, deadlineMs),
      },
      defaults: {
        model: config.model,
        timeoutSeconds: config.timeoutSeconds,
        image: null,
        desktopImage: null,
        desktop: false,
        root: false,
        hasModelKey: config.anthropicApiKey !== undefined,
      },
    }),
    extraModules: [
      OperatorModule.register({ computers, node, directory, logger: logger.child({ part: 'operator' }) }),
      HostModule.register({
        computers,
        signals: log.signals,
        live: { live: () => views.sessions.live().map(({ id }) => id) },
        apiKey: config.anthropicApiKey,
        exclusive: config.natsUrl === undefined,
        model: { baseUrl: config.anthropicBaseUrl },
        logger: logger.child({ part: 'host' }),
      }),
    ],
  });
  shutdown.register('server', () => app.close(), STOP_DEADLINE_MS);
  return listen(app, config, home, version, logger, shutdown);
}

/** Where another thread finds the same log. */
function addressOf(
  { natsUrl }: Config,
  { embedded }: OpenNats,
): { url: string; user?: string; pass?: string } {
  if (embedded !== undefined) return { url: embedded.url, user: embedded.user, pass: embedded.pass };
  return { url: natsUrl ?? '' };
}

async function listen(
  app: NestFastifyApplication,
  config: Config,
  home: Home,
  version: string,
  logger: Logger,
  shutdown: Shutdown,
): Promise<string> {
  await app.listen(config.port, config.bind);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://${config.bind.includes(':') ? `[${config.bind}]` : config.bind}:${port}`;
  shutdown.register('service file', () => removeServiceFile(home));
  await writeServiceFile(home, { pid: process.pid, port, url, started_at: Date.now() / 1000, version });
  logger.info({ url, version }, 'ready');
  return url;
}

async function readVersion(): Promise<string> {
  // From dist/apps/service as from apps/service, the package is the nearest one above.
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version: string }).version;
    if (folder.pathname === '/') return 'unknown';
  }
}
