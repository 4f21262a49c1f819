import { headers, nuid, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { classify, tooLarge, type ApiError } from './failures.js';
import { SCHEMA_HEADER, TYPE_HEADER, type WireMessage } from './wire.js';

/** What came of a write; after `unknown` it may be stored or not. */
export type Outcome =
  | { kind: 'stored'; sequence: number }
  | { kind: 'duplicate' }
  | { kind: 'conflict' }
  | { kind: 'unknown'; cause: unknown };

export interface Write {
  subject: string;
  /** 1 to 1,000. */
  messages: readonly WireMessage[];
  /** Sequence of the subject's last message; 0 when it has none. */
  expectedSequence: number;
  /** The message replaces all others of its subject. */
  rollup?: boolean;
}

interface Ack {
  seq: number;
  duplicate?: boolean;
  error?: ApiError;
}

/** Room for our headers and the subject within the server's largest message. */
const HEADROOM = 1024;

/** Publishes events with an expected position: one as a plain message, several as an atomic batch. */
export class Publisher {
  readonly #connection: NatsConnection;
  readonly #timeoutMs: number;

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws LogError `log_full`, `event_too_large`, or what else the server refuses for good */
  async publish(write: Write): Promise<Outcome> {
    this.#checkSizes(write);
    let reply: Msg;
    try {
      reply = await (write.messages.length === 1 ? this.#single(write) : this.#batch(write));
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
    return outcomeOf(reply, write);
  }

  #checkSizes({ messages }: Write): void {
    const largest = (this.#connection.info?.max_payload ?? Infinity) - HEADROOM;
    const misfit = messages.find(({ payload }) => payload.length > largest);
    if (misfit === undefined) return;
    const problem = `it has ${misfit.payload.length} bytes, and the server takes ${largest}`;
    throw tooLarge(`event ${misfit.id} (${misfit.type})`, problem);
  }

  #single({ subject, messages, expectedSequence, rollup }: Write): Promise<Msg> {
    const message = messages[0] as WireMessage;
    const head = headersOf(message);
    head.set('Nats-Expected-Last-Subject-Sequence', String(expectedSequence));
    if (rollup) head.set('Nats-Rollup', 'sub');
    return this.#request(subject, message.payload, head);
  }

  /** The connection keeps the order, so only the message that commits needs an answer. */
  #batch({ subject, messages, expectedSequence }: Write): Promise<Msg> {
    const batchId = nuid.next();
    const last = messages.length - 1;
    for (const [index, message] of messages.entries()) {
      const head = headersOf(message);
      head.set('Nats-Batch-Id', batchId);
      head.set('Nats-Batch-Sequence', String(index + 1));
      if (index === 0) head.set('Nats-Expected-Last-Subject-Sequence', String(expectedSequence));
      if (index < last) {
        this.#connection.publish(subject, message.payload, { headers: head });
      } else {
        head.set('Nats-Batch-Commit', '1');
        return this.#request(subject, message.payload, head);
      }
    }
    throw new RangeError(`No messages to publish on ${subject}.`);
  }

  #request(subject: string, payload: Uint8Array, head: MsgHdrs): Promise<Msg> {
    return this.#connection.request(subject, payload, { headers: head, timeout: this.#timeoutMs });
  }
}

function headersOf({ id, type, schemaversion }: WireMessage): MsgHdrs {
  const head = headers();
  head.set('Nats-Msg-Id', id);
  head.set(TYPE_HEADER, type);
  head.set(SCHEMA_HEADER, String(schemaversion));
  return head;
}

function outcomeOf(reply: Msg, { messages, subject }: Write): Outcome {
  const ack = reply.json<Ack>();
  if (ack.error === undefined) {
    return ack.duplicate ? { kind: 'duplicate' } : { kind: 'stored', sequence: ack.seq };
  }
  const what = messages.length === 1 ? `event ${messages[0]?.id}` : `${messages.length} events on ${subject}`;
  if (classify(ack.error, what) === 'conflict') return { kind: 'conflict' };
  return { kind: 'unknown', cause: new Error(ack.error.description) };
}
