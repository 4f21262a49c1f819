import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { ComputerShortage, Ids, SessionDefaults } from '../ports.js';
import type { CreateSession as CreateSessionRequest, RemixSession as RemixSessionRequest } from '#contracts';
import type { EventEnvelope } from '#domain';
import { createMemoryStore, type EventStore, type MemoryStore } from '#event-store';
import { createVault, systemIds } from '#runtime';
import {
  CommandsModule,
  CreateSession,
  SessionRepository,
  type CommandContext,
  type CommandOutcome,
} from '../index.js';

export const user: CommandContext = { actor: 'user:local' };

export const everything: RemixSessionRequest = { messages: true, data: true, code: true, secrets: true };

/** The command handlers on a log in memory. */
export async function startCommands(
  options: {
    hasModelKey?: boolean;
    shortage?: ComputerShortage;
    defaults?: Partial<SessionDefaults>;
    through?: (store: EventStore) => EventStore;
    /** A log that another kit uses too, as another server would. */
    log?: MemoryStore;
    ids?: Ids;
  } = {},
) {
  const memory = options.log ?? createMemoryStore();
  const vault = createVault({ masterKey: Buffer.alloc(32, 7), keys: memory.keys });
  const defaults: SessionDefaults = {
    model: 'm',
    timeoutSeconds: 300,
    image: null,
    desktopImage: null,
    desktop: false,
    root: false,
    limits: ['memory', 'cpus', 'pids'],
    networks: ['egress', 'none'],
    runtimes: true,
    hasModelKey: options.hasModelKey ?? true,
    ...options.defaults,
  };
  const store = options.through?.(memory.store) ?? memory.store;
  const module = CommandsModule.register({
    ...memory,
    store,
    vault,
    ids: options.ids ?? systemIds,
    defaults,
    shortage: options.shortage,
  });
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const bus = app.get(CommandBus);
  return {
    ...memory,
    vault,
    bus,
    sessions: app.get(SessionRepository),
    create: (request: CreateSessionRequest = {}, context = user): Promise<CommandOutcome> =>
      bus.execute(new CreateSession('', request, context)),
    history: async (sessionId: string): Promise<EventEnvelope[]> =>
      (await memory.store.read(sessionId)).map(({ event }) => event),
    types: async (sessionId: string): Promise<string[]> =>
      (await memory.store.read(sessionId)).map(({ event }) => event.type),
    stop: () => app.close(),
  };
}

export type CommandsKit = Awaited<ReturnType<typeof startCommands>>;
