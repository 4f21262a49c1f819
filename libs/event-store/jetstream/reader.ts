import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { persistently } from './failures.js';
import type { RawMessage } from './wire.js';

/** Beyond so many messages a consumer is faster than direct reads. */
export const PAGE = 200;

export interface StoredMessage extends RawMessage {
  subject: string;
}

export interface Page {
  messages: RawMessage[];
  more: boolean;
}

/** Reads single messages, and the beginning of a subject, of a stream, without a consumer. */
export class StreamReader {
  readonly #connection: NatsConnection;
  readonly #jsm: JetStreamManager;
  readonly #stream: string;
  readonly #timeoutMs: number;

  constructor(connection: NatsConnection, jsm: JetStreamManager, stream: string, timeoutMs: number) {
    this.#connection = connection;
    this.#jsm = jsm;
    this.#stream = stream;
    this.#timeoutMs = timeoutMs;
  }

  async at(sequence: number): Promise<StoredMessage | undefined> {
    return this.#direct({ seq: sequence });
  }

  async last(subject: string): Promise<StoredMessage | undefined> {
    return this.#direct({ last_by_subj: subject });
  }

  /** The subject's first message at or after a sequence, from the stream's leader: never a stale answer. */
  async next(subject: string, sequence: number): Promise<StoredMessage | undefined> {
    const query = { seq: Math.max(1, sequence), next_by_subj: subject };
    const message = await persistently(() => this.#jsm.streams.getMessage(this.#stream, query));
    return message === null ? undefined : stored(message);
  }

  /** A subject's first messages from a sequence on, and whether there are more. */
  async page(subject: string, sequence: number): Promise<Page> {
    const query = { seq: Math.max(1, sequence), next_by_subj: subject, batch: PAGE };
    return persistently(() => this.#page(JSON.stringify(query)));
  }

  async #page(query: string): Promise<Page> {
    const replies = await this.#connection.requestMany(`$JS.API.DIRECT.GET.${this.#stream}`, query, {
      strategy: 'sentinel',
      maxWait: this.#timeoutMs,
    });
    const messages: RawMessage[] = [];
    let end: Msg | undefined;
    for await (const reply of replies) {
      if (reply.data.length === 0) end = reply;
      else messages.push(paged(reply));
    }
    return { messages, more: isMore(end) };
  }

  async #direct(query: { seq: number } | { last_by_subj: string }): Promise<StoredMessage | undefined> {
    const message = await persistently(() => this.#jsm.direct.getMessage(this.#stream, query));
    return message === null ? undefined : stored(message);
  }
}

/** The last, empty reply says whether there was nothing, or there is more. */
function isMore(end: Msg | undefined): boolean {
  const status = end?.headers?.code;
  if (status === 404) return false;
  if (status === 204) return Number(end?.headers?.get('Nats-Num-Pending') || 0) > 0;
  const problem = end?.headers?.status ?? 'it did not end in time';
  throw new LogError('log_unavailable', `Reading from the log failed: ${problem}. Try again.`);
}

function paged({ headers, data }: Msg): RawMessage {
  const sequence = Number(headers?.last('Nats-Sequence'));
  return { sequence, storedAt: Date.parse(headers?.last('Nats-Time-Stamp') ?? '') / 1000, data };
}

function stored(message: { seq: number; time: Date; subject: string; data: Uint8Array }): StoredMessage {
  const { seq, time, subject, data } = message;
  return { sequence: seq, storedAt: time.getTime() / 1000, subject, data };
}
