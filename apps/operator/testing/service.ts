import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import { CommandsModule, type CommandContext, type SessionMessage } from '#commands';
import { createLocalComputers, type Computers } from '#computers';
import { createMemoryStore, type MemoryStore } from '#event-store';
import { createLogger, createVault, DEFAULT_DESKTOP_IMAGE, systemIds } from '#runtime';
import { OperatorModule } from '../index.js';
import type { OperatorTiming } from '../ports.js';
import { LogDirectory } from './log-directory.js';

export const user: CommandContext = { actor: 'user:local' };

/** What outlives a service: its log and its disk. */
export interface World {
  memory: MemoryStore;
  root: string;
  directory: LogDirectory;
  remove(): Promise<void>;
}

/** On a log in memory, unless another one is given. */
export async function createWorld(memory: MemoryStore = createMemoryStore()): Promise<World> {
  const root = await mkdtemp(join(tmpdir(), 'raworc-operator-'));
  const directory = new LogDirectory();
  const following = new AbortController();
  const followed = directory.follow(memory.store, following.signal);
  return {
    memory,
    root,
    directory,
    async remove() {
      following.abort();
      await followed;
      // Programs of a life that was cut off may still write.
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export interface ServiceOptions {
  /** Between the operator and the real computers, to cut it off at a certain step. */
  decorate?: (computers: Computers) => Computers;
  /** Between the service and its log. */
  decorateLog?: (log: MemoryStore) => MemoryStore;
  timing?: Partial<OperatorTiming>;
  /** Default: folders in the world's own. */
  computers?: Computers;
  desktopAtStart?: boolean;
  snapshotsKept?: number;
  node?: string;
  onOutage?: (reason: string | undefined) => void;
  confirm?: () => Promise<void>;
  /** Gets the operator's log lines, warnings and above. */
  onLogLine?: (line: string) => void;
}

/** One life of a service on a world: commands and operator, with nothing in memory from a life before. */
export async function startService(world: World, options: ServiceOptions = {}) {
  const { root, directory } = world;
  const memory = options.decorateLog?.(world.memory) ?? world.memory;
  const computers = options.computers ?? createLocalComputers({ root, mode: 'unsafe' });
  const timing = { stopDeadlineMs: 5_000, retryDelaysMs: [10, 20], ...options.timing };
  const commands = CommandsModule.register({
    ...memory,
    ids: systemIds,
    node: options.node ?? 'spec',
    vault: createVault({ masterKey: Buffer.alloc(32, 7), keys: memory.keys }),
    defaults: {
      model: 'm',
      timeoutSeconds: 0,
      image: null,
      desktopImage: DEFAULT_DESKTOP_IMAGE,
      desktop: false,
      root: true,
      limits: ['memory', 'cpus', 'pids'],
      networks: ['egress', 'none'],
      runtimes: true,
      hasModelKey: true,
    },
  });
  const operator = OperatorModule.register({
    computers: options.decorate?.(computers) ?? computers,
    node: options.node ?? 'spec',
    onOutage: options.onOutage,
    confirm: options.confirm ?? (async () => undefined),
    directory,
    logger: createLogger({ name: 'operator', ...logging(options.onLogLine) }),
    timing,
    desktopAtStart: options.desktopAtStart,
    snapshotsKept: options.snapshotsKept,
  });
  @Module({ imports: [commands, operator] })
  class Service {}
  const app = await NestFactory.createApplicationContext(Service, { logger: false });
  const bus = app.get(CommandBus);
  return {
    computers,
    execute: (command: SessionMessage<unknown>) => bus.execute(command),
    async stop() {
      await app.close();
      await computers.dispose();
    },
  };
}

function logging(onLogLine: ServiceOptions['onLogLine']) {
  return onLogLine === undefined ? { level: 'silent' } : { level: 'warn', stream: { write: onLogLine } };
}

export type Service = Awaited<ReturnType<typeof startService>>;
