import { randomUUID } from 'node:crypto';
import {
  envelop,
  event,
  type EventEnvelope,
  type EventOf,
  type EventType,
  type SessionSettings,
} from '#domain';
import type {
  Attachments,
  EventStore,
  CommandClaims,
  KeyStore,
  NameRegistry,
  RecordedEvent,
  Signals,
} from '../event-store.js';
import type { Leases } from '../leases/index.js';

/** A store under test. */
export interface OpenedStore {
  store: EventStore;
  names: NameRegistry;
  keys: KeyStore;
  claims: CommandClaims;
  attachments: Attachments;
  signals: Signals;
  leases: Leases;
  /** Resolves when the store cannot know any more, by itself, an id that it has seen before. */
  forgetIds: () => Promise<void>;
  close(): Promise<void>;
}

/** Gives the store once it is open; tests of one suite share it, each with sessions of its own. */
export type Subject = () => OpenedStore;

const settings: SessionSettings = {
  name: 'quiet-otter-42',
  model: 'claude-sonnet-5-5',
  system_prompt: 'You work in /session.',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 300,
  created_by: 'user:ada',
};

export function newSessionId(): string {
  return randomUUID();
}

/** Seals events into envelopes with versions from `first` on. */
export function seal(sessionId: string, first: number, ...events: EventOf<EventType>[]): EventEnvelope[] {
  return events.map((decided, index) => {
    const id = randomUUID();
    const commandid = `command-${id}`;
    return envelop(sessionId, first + index, decided, {
      id,
      time: new Date().toISOString(),
      source: 'raworc/test',
      actor: 'user:ada',
      commandid,
      correlationid: commandid,
    });
  });
}

export const created = () => event('session.created', { ...settings, secrets: {}, source: null });

export const posted = (content: string) =>
  event('message.posted', { message_id: randomUUID(), role: 'user', content, metadata: {} });

/** One finished turn: question, start, answer, end. */
export function turn(question: string, answer: string): EventOf<EventType>[] {
  const asked = posted(question);
  const turn_id = randomUUID();
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  };
  return [
    asked,
    event('turn.started', { turn_id, message_ids: [asked.data.message_id] }),
    event('model.responded', {
      turn_id,
      message_id: randomUUID(),
      model: settings.model,
      content: [{ type: 'text', text: answer }],
      stop_reason: 'end_turn',
      usage,
      request_digest: 'sha256:0',
      took_ms: 12,
    }),
    event('turn.completed', { turn_id, stop_reason: 'end_turn' }),
  ];
}

/** A new session with one message per text. */
export async function startSession(store: EventStore, ...texts: string[]) {
  const sessionId = newSessionId();
  const events = seal(sessionId, 1, created(), ...texts.map(posted));
  const { sequence } = await store.append(sessionId, events, 0);
  return { sessionId, events, sequence };
}

export const versions = (events: readonly RecordedEvent[]) => events.map(({ event }) => event.sessionversion);

export const ids = (events: readonly (RecordedEvent | EventEnvelope)[]) =>
  events.map((entry) => ('event' in entry ? entry.event.id : entry.id));

/** The first `count` items of a stream, which is then left. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
