import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import type { CreateSession as CreateSessionRequest, RemixSession as RemixSessionRequest } from '#contracts';
import type { EventEnvelope } from '#domain';
import { createMemoryStore, type EventStore } from '#event-store';
import { createVault, systemIds } from '#runtime';
import {
  CommandsModule,
  CreateSession,
  SessionRepository,
  type CommandContext,
  type CommandLog,
  type CommandOutcome,
} from '../index.js';

export const user: CommandContext = { actor: 'user:local' };

export const everything: RemixSessionRequest = { messages: true, data: true, code: true, secrets: true };

/** Finds outcomes by reading what was appended, as the commands view does. */
function commandLogOf(store: EventStore): CommandLog & { follow(signal: AbortSignal): Promise<void> } {
  const found = new Map<string, { sessionId: string; hash: string; version: number; sequence: number }>();
  const waiting = new Map<number, () => void>();
  let position = 0;
  return {
    find: (commandId) => found.get(commandId),
    waitFor: (sequence) =>
      position >= sequence
        ? Promise.resolve(true)
        : new Promise((resolve) => waiting.set(sequence, () => resolve(true))),
    async follow(signal) {
      for await (const { event, sequence } of store.follow({ after: 0, signal })) {
        if (event.commandhash !== undefined) {
          const { subject: sessionId, commandhash: hash, sessionversion: version } = event;
          found.set(event.commandid, { sessionId, hash, version, sequence });
        }
        position = sequence;
        waiting.get(sequence)?.();
      }
    },
  };
}

/** The command handlers on a log in memory. */
export async function startCommands(
  options: { hasModelKey?: boolean; through?: (store: EventStore) => EventStore } = {},
) {
  const memory = createMemoryStore();
  const commandLog = commandLogOf(memory.store);
  const following = new AbortController();
  const followed = commandLog.follow(following.signal);
  const vault = createVault({ masterKey: Buffer.alloc(32, 7), keys: memory.keys });
  const defaults = {
    model: 'm',
    timeoutSeconds: 300,
    image: null,
    desktopImage: null,
    desktop: false,
    root: false,
    hasModelKey: options.hasModelKey ?? true,
  };
  const store = options.through?.(memory.store) ?? memory.store;
  const module = CommandsModule.register({ ...memory, store, vault, ids: systemIds, commandLog, defaults });
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
    async stop() {
      following.abort();
      await followed;
      await app.close();
    },
  };
}

export type CommandsKit = Awaited<ReturnType<typeof startCommands>>;
