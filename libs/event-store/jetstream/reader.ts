import type { JetStreamManager } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { patiently } from './failures.js';
import type { RawMessage } from './wire.js';

/** What one direct read brings at most. */
export interface PageSize {
  messages: number;
  bytes: number;
}

/** Well below what the server keeps for a slow connection before it cuts it off. */
const LARGEST_PAGE: PageSize = { messages: 1000, bytes: 8 * 1024 * 1024 };

export interface StoredMessage extends RawMessage {
  subject: string;
}

export interface Page {
  messages: StoredMessage[];
  more: boolean;
}

type MessageQuery = { seq: number; next_by_subj?: string } | { last_by_subj: string };

export interface ReaderOptions {
  connection: NatsConnection;
  jsm: JetStreamManager;
  stream: string;
  /** How long one request may go unanswered. */
  timeoutMs: number;
  /** How long a request is repeated that is not answered. */
  patienceMs: number;
}

/**
 * Reads messages of a stream without a consumer. Single messages come from the stream's leader, and so are never
 * stale; pages come from whichever server has a copy, and end early where that copy lags behind.
 */
export class StreamReader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Whether pages may come from a copy that lags behind the leader. */
  get mayLag(): boolean {
    return this.#options.connection.info?.cluster !== undefined;
  }

  async at(sequence: number): Promise<StoredMessage | undefined> {
    return this.#fromLeader({ seq: sequence });
  }

  async last(subject: string): Promise<StoredMessage | undefined> {
    return this.#fromLeader({ last_by_subj: subject });
  }

  /** The first message at or after a sequence, of a subject or of all. */
  async next(subject: string | undefined, sequence: number): Promise<StoredMessage | undefined> {
    return this.#fromLeader({ seq: Math.max(1, sequence), next_by_subj: subject ?? '>' });
  }

  /** The first messages from a sequence on, of a subject or of all, and whether there are more. */
  async page(subject: string | undefined, sequence: number, size = LARGEST_PAGE): Promise<Page> {
    const range = { seq: Math.max(1, sequence), next_by_subj: subject ?? '>' };
    const query = { ...range, batch: size.messages, max_bytes: size.bytes };
    return patiently(this.#options.patienceMs, () => this.#page(JSON.stringify(query)));
  }

  async #fromLeader(query: MessageQuery): Promise<StoredMessage | undefined> {
    const { jsm, stream, patienceMs } = this.#options;
    const message = await patiently(patienceMs, () => jsm.streams.getMessage(stream, query));
    if (message === null) return undefined;
    const { seq, time, subject, data } = message;
    return { sequence: seq, storedAt: time.getTime() / 1000, subject, data };
  }

  #page(query: string): Promise<Page> {
    const { connection, stream, timeoutMs } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Page>();
    const messages: StoredMessage[] = [];
    const inbox = createInbox();
    const subscription = connection.subscribe(inbox, {
      callback: (error, reply) => {
        if (error !== null) return reject(error);
        timer.refresh();
        const status = reply.headers?.code ?? 0;
        if (status === 0) messages.push(paged(reply));
        else if (status === 404) resolve({ messages, more: false });
        else if (status === 204) resolve({ messages, more: pendingOf(reply) > 0 });
        else reject(unfinished(reply.headers?.status ?? String(status)));
      },
    });
    const timer = setTimeout(() => reject(unfinished('it did not end in time')), timeoutMs);
    connection.publish(`$JS.API.DIRECT.GET.${stream}`, query, { reply: inbox });
    return promise.finally(() => {
      clearTimeout(timer);
      subscription.unsubscribe();
    });
  }
}

function pendingOf({ headers }: Msg): number {
  return Number(headers?.get('Nats-Num-Pending') || 0);
}

function paged({ headers, data }: Msg): StoredMessage {
  const sequence = Number(headers?.last('Nats-Sequence'));
  const storedAt = Date.parse(headers?.last('Nats-Time-Stamp') ?? '') / 1000;
  return { sequence, storedAt, subject: headers?.last('Nats-Subject') ?? '', data };
}

function unfinished(problem: string): LogError {
  return new LogError('log_unavailable', `Reading from the log failed: ${problem}. Try again.`);
}
