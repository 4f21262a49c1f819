import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import {
  CommandsModule,
  CreateSession,
  InterruptTurn,
  PostMessage,
  ReportComputerStarted,
  type CommandContext,
  type CommandOutcome,
  type SessionMessage,
} from '#commands';
import type { CreateSession as CreateSessionRequest } from '#contracts';
import { createLocalComputers, type Computers } from '#computers';
import type { EventEnvelope, EventType } from '#domain';
import { createMemoryStore, type MemoryStore } from '#event-store';
import { createLogger, createVault, DEFAULT_DESKTOP_IMAGE as DESKTOP_IMAGE, systemIds } from '#runtime';
import { HostModule, type HostOptions } from '../index.js';
import { keepFiles } from './keep-files.js';
import { withScreen, type Screen } from './screen.js';

const user: CommandContext = { actor: 'user:local' };
const operator: CommandContext = { actor: 'operator' };

/** What outlives a service: its log and its disk. */
export interface World {
  log: MemoryStore;
  root: string;
  remove(): Promise<void>;
}

/** On a log in memory, unless another one is given. */
export async function createWorld(log: MemoryStore = createMemoryStore()): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'raworc-host-'));
  return { log, root, remove: () => rm(root, { recursive: true, force: true }) };
}

/**
 * One life of a service on a world: commands, Host, real local computers with a screen in memory (or others, given as
 * an option), and someone who keeps their files.
 */
export class Service {
  private constructor(
    private readonly world: World,
    private readonly bus: CommandBus,
    readonly computers: Computers,
    readonly screen: Screen,
    private readonly end: () => Promise<void>,
  ) {}

  /**
   * `withHost: false`: nobody answers, so that a spec can write the log of a turn itself. `adopt: false`: computers that
   * run from a life before are left to the spec.
   */
  static async start(
    world: World,
    url: string,
    {
      withHost = true,
      adopt = true,
      ...options
    }: Partial<HostOptions> & { withHost?: boolean; adopt?: boolean } = {},
  ): Promise<Service> {
    const { log, root } = world;
    const local = withScreen(createLocalComputers({ root, mode: 'unsafe' }));
    const computers = options.computers ?? local.computers;
    const commands = CommandsModule.register({
      ...log,
      ids: systemIds,
      vault: createVault({ masterKey: Buffer.alloc(32, 7), keys: log.keys }),
      defaults: {
        model: 'claude-sonnet-5-5',
        timeoutSeconds: 0,
        image: null,
        desktopImage: DESKTOP_IMAGE,
        desktop: false,
        root: false,
        limits: ['memory', 'cpus', 'pids'],
        networks: ['egress', 'none'],
        runtimes: true,
        hasModelKey: true,
      },
    });
    const host = HostModule.register({
      computers,
      signals: log.signals,
      logger: createLogger({ name: 'host', level: 'silent' }),
      live: { live: () => [], position: () => 0 },
      apiKey: 'sk-ant-service',
      node: 'spec',
      leases: log.leases,
      holder: { node: 'spec', process: systemIds.uuid(), where: 'a spec', since: 0 },
      confirm: async () => undefined,
      ...options,
      model: { baseUrl: url, firstDelayMs: 5, maxDelayMs: 20, ...options.model },
    });
    @Module({ imports: withHost ? [commands, host] : [commands] })
    class Composition {}
    const app = await NestFactory.createApplicationContext(Composition, { logger: false });
    await app.init();
    if (adopt) await adoptAll(computers);
    const stopping = new AbortController();
    const bus = app.get(CommandBus);
    const keeping = keepFiles(log, bus, computers, stopping.signal);
    return new Service(world, bus, computers, local.screen, async () => {
      stopping.abort();
      await app.close();
      await keeping;
      await computers.dispose();
    });
  }

  stop(): Promise<void> {
    return this.end();
  }

  do(command: SessionMessage<unknown>): Promise<CommandOutcome> {
    return this.bus.execute(command);
  }

  /** A session whose computer runs. */
  async createSession(request: CreateSessionRequest = {}): Promise<string> {
    const { sessionId } = await this.do(new CreateSession('', request, user));
    await this.computers.create({ sessionId, ...(request.desktop ? { image: DESKTOP_IMAGE } : {}) });
    const { computerId } = await this.computers.start(sessionId);
    const report = { driver: 'local', node: 'spec', image: null, computer_id: computerId, took_ms: 1 };
    await this.do(new ReportComputerStarted(sessionId, { ...report, origin: 'created' }, operator));
    return sessionId;
  }

  async post(sessionId: string, content: string): Promise<void> {
    await this.do(new PostMessage(sessionId, { content, metadata: {} }, user));
  }

  async interrupt(sessionId: string): Promise<void> {
    await this.do(new InterruptTurn(sessionId, {}, user));
  }

  /** The session's history, once it has the n-th event of a type. */
  async until<T extends EventType>(
    sessionId: string,
    type: T,
    n = 1,
  ): Promise<Extract<EventEnvelope, { type: T }>> {
    const signal = new AbortController();
    let seen = 0;
    for await (const { event } of this.world.log.store.follow({
      after: 0,
      sessionId,
      signal: signal.signal,
    })) {
      if (event.type === type && ++seen === n) return event as Extract<EventEnvelope, { type: T }>;
    }
    throw new Error(`The log ended before ${type}.`);
  }

  async history(sessionId: string): Promise<EventEnvelope[]> {
    return (await this.world.log.store.read(sessionId)).map(({ event }) => event);
  }

  async readFile(sessionId: string, path: string): Promise<string> {
    return Buffer.from(await this.computers.readFile(sessionId, path)).toString();
  }
}

/** What the operator does when it starts. */
async function adoptAll(computers: Computers): Promise<void> {
  for (const { sessionId, running } of await computers.list()) if (running) await computers.start(sessionId);
}
