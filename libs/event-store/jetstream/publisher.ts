import { headers, nuid, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { classify, tooLarge, type ApiError } from './failures.js';

/** What came of a write; after `unknown` it may be stored or not. */
export type Outcome =
  | { kind: 'stored'; sequence: number }
  | { kind: 'duplicate' }
  | { kind: 'conflict' }
  | { kind: 'unknown'; cause: unknown };

/** A message as it is published. */
export interface OutgoingMessage {
  /** What it is, for errors. */
  what: string;
  headers: readonly (readonly [name: string, value: string])[];
  payload: Uint8Array;
}

export interface Write<Message extends OutgoingMessage = OutgoingMessage> {
  subject: string;
  /** 1 to 1,000. */
  messages: readonly Message[];
  /** Sequence of the subject's last message; 0 when it has none. */
  expectedSequence: number;
  /** The message replaces all others of its subject. */
  rollup?: boolean;
}

export interface Publishing {
  /** @throws LogError `log_full`, `event_too_large`, or what else the server refuses for good */
  publish(write: Write): Promise<Outcome>;
}

interface BatchPart {
  subject: string;
  head: MsgHdrs;
  payload: Uint8Array;
}

interface Ack {
  seq: number;
  duplicate?: boolean;
  error?: ApiError;
}

/** Room for our headers and the subject within the server's largest message. */
const HEADROOM = 1024;

/** Publishes events with an expected position: one as a plain message, several as an atomic batch. */
export class Publisher implements Publishing {
  readonly #connection: NatsConnection;
  readonly #timeoutMs: number;

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws LogError `log_full`, `event_too_large`, or what else the server refuses for good */
  async publish(write: Write): Promise<Outcome> {
    this.#checkSizes(write);
    const { messages, subject } = write;
    const what =
      messages.length === 1 ? (messages[0]?.what ?? '') : `${messages.length} messages on ${subject}`;
    return this.#outcome(messages.length === 1 ? this.#single(write) : this.#batch([write]), what);
  }

  /** Several writes on different subjects, all or none; the sequence is that of the last message. */
  async publishTogether(writes: readonly Write[]): Promise<Outcome> {
    for (const write of writes) this.#checkSizes(write);
    return this.#outcome(this.#batch(writes), `${writes.length} appends together`);
  }

  async #outcome(answer: Promise<Msg>, what: string): Promise<Outcome> {
    let reply: Msg;
    try {
      reply = await answer;
    } catch (cause) {
      return { kind: 'unknown', cause };
    }
    return outcomeOf(reply, what);
  }

  #checkSizes({ messages }: Write): void {
    const largest = (this.#connection.info?.max_payload ?? Infinity) - HEADROOM;
    const misfit = messages.find(({ payload }) => payload.length > largest);
    if (misfit === undefined) return;
    const problem = `it has ${misfit.payload.length} bytes, and the server takes ${largest}`;
    throw tooLarge(misfit.what, problem);
  }

  #single({ subject, messages, expectedSequence, rollup }: Write): Promise<Msg> {
    const message = messages[0] as OutgoingMessage;
    const head = headersOf(message);
    head.append('Nats-Expected-Last-Subject-Sequence', String(expectedSequence));
    if (rollup) head.append('Nats-Rollup', 'sub');
    return this.#request(subject, message.payload, head);
  }

  /** The connection keeps the order, so only the message that commits needs an answer. */
  async #batch(writes: readonly Write[]): Promise<Msg> {
    const batchId = nuid.next();
    const parts = writes.flatMap(partsOf);
    const commit = parts.pop() as BatchPart;
    for (const [index, part] of parts.entries()) {
      markAsBatch(part.head, batchId, index + 1);
      this.#connection.publish(part.subject, part.payload, { headers: part.head });
    }
    markAsBatch(commit.head, batchId, parts.length + 1);
    commit.head.append('Nats-Batch-Commit', '1');
    return this.#request(commit.subject, commit.payload, commit.head);
  }

  #request(subject: string, payload: Uint8Array, head: MsgHdrs): Promise<Msg> {
    return this.#connection.request(subject, payload, { headers: head, timeout: this.#timeoutMs });
  }
}

function headersOf(message: OutgoingMessage): MsgHdrs {
  const head = headers();
  // Fresh headers: `set` would look for earlier values of each.
  for (const [name, value] of message.headers) head.append(name, value);
  return head;
}

/** The expectation stands with a write's first message; the server applies it to what comes before the batch. */
function partsOf({ subject, messages, expectedSequence }: Write): BatchPart[] {
  return messages.map((message, index) => {
    const head = headersOf(message);
    if (index === 0) head.append('Nats-Expected-Last-Subject-Sequence', String(expectedSequence));
    return { subject, head, payload: message.payload };
  });
}

function markAsBatch(head: MsgHdrs, batchId: string, position: number): void {
  head.append('Nats-Batch-Id', batchId);
  head.append('Nats-Batch-Sequence', String(position));
}

function outcomeOf(reply: Msg, what: string): Outcome {
  const ack = reply.json<Ack>();
  if (ack.error === undefined) {
    return ack.duplicate ? { kind: 'duplicate' } : { kind: 'stored', sequence: ack.seq };
  }
  if (classify(ack.error, what) === 'conflict') return { kind: 'conflict' };
  return { kind: 'unknown', cause: new Error(ack.error.description) };
}
