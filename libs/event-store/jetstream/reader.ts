import type { JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { unavailable } from './failures.js';
import type { RawMessage } from './wire.js';

const PAGE = 1000;
const TIMEOUT_MS = 5000;

export interface StoredMessage extends RawMessage {
  subject: string;
}

/** Reads single messages and whole subjects of a stream, without a consumer. */
export class StreamReader {
  readonly #connection: NatsConnection;
  readonly #jsm: JetStreamManager;
  readonly #stream: string;

  constructor(connection: NatsConnection, jsm: JetStreamManager, stream: string) {
    this.#connection = connection;
    this.#jsm = jsm;
    this.#stream = stream;
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
    const message = await this.#jsm.streams.getMessage(this.#stream, query).catch(unavailable);
    return message === null ? undefined : stored(message);
  }

  /** All messages of a subject from a sequence on. */
  async all(subject: string, fromSequence: number): Promise<RawMessage[]> {
    const messages: RawMessage[] = [];
    let next: number | undefined = Math.max(1, fromSequence);
    while (next !== undefined) next = await this.#page(subject, next, messages);
    return messages;
  }

  async #direct(query: { seq: number } | { last_by_subj: string }): Promise<StoredMessage | undefined> {
    const message = await this.#jsm.direct.getMessage(this.#stream, query).catch(unavailable);
    return message === null ? undefined : stored(message);
  }

  /** Appends a page to `into`, and returns where the next one starts. */
  async #page(subject: string, sequence: number, into: RawMessage[]): Promise<number | undefined> {
    const query = JSON.stringify({ seq: sequence, next_by_subj: subject, batch: PAGE });
    const replies = await this.#connection
      .requestMany(`$JS.API.DIRECT.GET.${this.#stream}`, query, {
        strategy: 'sentinel',
        maxWait: TIMEOUT_MS,
      })
      .catch(unavailable);
    let end: Msg | undefined;
    try {
      for await (const reply of replies) {
        if (reply.data.length === 0) end = reply;
        else into.push(paged(reply));
      }
    } catch (error) {
      unavailable(error);
    }
    return afterPage(end, into);
  }
}

/** The last, empty reply says whether there was nothing, or there is more. */
function afterPage(end: Msg | undefined, messages: RawMessage[]): number | undefined {
  const status = end?.headers?.code;
  if (status === 404) return undefined;
  if (status !== 204) {
    const problem = end?.headers?.status ?? `no end after ${TIMEOUT_MS / 1000} s`;
    throw new LogError('log_unavailable', `Reading from the log failed: ${problem}. Try again.`);
  }
  const more = Number(end?.headers?.get('Nats-Num-Pending') ?? 0) > 0;
  const last = messages.at(-1)?.sequence;
  return more && last !== undefined ? last + 1 : undefined;
}

function paged({ headers, data }: Msg): RawMessage {
  const sequence = Number(headers?.last('Nats-Sequence'));
  return { sequence, storedAt: Date.parse(headers?.last('Nats-Time-Stamp') ?? '') / 1000, data };
}

function stored(message: { seq: number; time: Date; subject: string; data: Uint8Array }): StoredMessage {
  const { seq, time, subject, data } = message;
  return { sequence: seq, storedAt: time.getTime() / 1000, subject, data };
}
