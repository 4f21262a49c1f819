import { mkdtempSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CommandBus } from '@nestjs/cqrs';
import { CommandsModule, type LimitMaxima, type SessionCaps } from '#commands';
import { createMemoryStore, type MemoryStore } from '#event-store';
import { MessageQueries, messagesProjection } from '#projections/messages';
import { Views } from '#projections/runner';
import { UnreadableQueries, unreadableProjection } from '#projections/unreadable';
import { SessionQueries, sessionsProjection } from '#projections/sessions';
import { createLogger, createVault, systemIds, type Logger } from '#runtime';
import { createServer } from '../create-server.js';
import type { StreamLimits, Timing } from '../options.js';
import { createClient, type Client } from './client.js';
import { StandInDesktops } from './stand-in-desktops.js';
import type { DesktopComputers } from '../desktop/ports.js';

export const TOKEN = 'a-token-for-specs';

/** A whole server on a port of its own: real commands, a real log, real views. */
export interface TestApp {
  url: string;
  app: NestFastifyApplication;
  bus: CommandBus;
  parts: MemoryStore;
  views: Views;
  /** Lines that the server logged. */
  logged: string[];
  client: Client;
  /** The screens of all sessions, unless others were given. */
  desktops: StandInDesktops;
  stop(): Promise<void>;
}

export interface TestAppOptions {
  parts?: MemoryStore;
  timing?: Partial<Timing>;
  streams?: Partial<StreamLimits>;
  hasModelKey?: boolean;
  publicUrl?: string;
  computers?: DesktopComputers;
  /** How many sessions there may be; 0 sets no cap. */
  caps?: { open: number; all: number };
  maxima?: LimitMaxima;
  /** Folder of the views; one of its own unless given. */
  dir?: string;
  /** Events that the views pass over. */
  skip?: ReadonlySet<number>;
  consumers?: readonly string[];
  queues?: Record<string, () => number>;
}

export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const parts = options.parts ?? createMemoryStore();
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'raworc-server-'));
  const logged: string[] = [];
  const log = createLogger({
    name: 'server',
    level: 'warn',
    stream: { write: (line) => void logged.push(line) },
  });
  const views = await openViews(parts, dir, log, options.skip);
  const sessions = new SessionQueries(views.reader);
  const desktops = new StandInDesktops();
  const app = await createServer({
    version: '1.2.3',
    node: 'test',
    token: TOKEN,
    publicUrl: options.publicUrl,
    commands: commandsModule(parts, options, {
      open: options.caps?.open ?? 0,
      all: options.caps?.all ?? 0,
      counts: {
        position: () => views.position(),
        open: () => sessions.countOpen(),
        all: () => sessions.countAll(),
      },
    }),
    store: parts.store,
    signals: parts.signals,
    views: {
      sessions,
      messages: new MessageQueries(views.reader),
      runner: views,
      unreadable: new UnreadableQueries(views.reader),
    },
    computers: options.computers ?? desktops,
    log,
    timing: options.timing,
    streams: options.streams,
    consumers: options.consumers,
    queues: options.queues,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    url,
    app,
    bus: app.get(CommandBus),
    parts,
    views,
    logged,
    client: createClient(url, TOKEN),
    desktops,
    async stop() {
      await app.close();
      await views.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function openViews(
  { store }: MemoryStore,
  dir: string,
  logger: Logger,
  skip?: ReadonlySet<number>,
): Promise<Views> {
  const projections = [sessionsProjection, messagesProjection, unreadableProjection];
  return Views.open({ log: store, dir, projections, logger, skip });
}

function commandsModule(
  { store, names, keys, claims, attachments }: MemoryStore,
  { hasModelKey = true, maxima }: TestAppOptions,
  caps: SessionCaps,
) {
  return CommandsModule.register({
    store,
    names,
    attachments,
    vault: createVault({ masterKey: randomBytes(32), keys }),
    ids: systemIds,
    claims,
    caps,
    defaults: {
      maxima,
      model: 'claude-test',
      timeoutSeconds: 300,
      image: null,
      desktopImage: 'raworc/session-desktop:latest',
      desktop: false,
      root: false,
      limits: ['memory', 'cpus', 'pids'],
      networks: ['egress', 'none'],
      runtimes: true,
      hasModelKey,
    },
  });
}
