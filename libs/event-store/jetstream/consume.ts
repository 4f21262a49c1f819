import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiError,
  type ConsumerConfig,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { ConsumeOptions, Delivery, RecordedEvent } from '../event-store.js';
import { retryDelay } from '../retry-delay.js';
import { assertToken } from '../tokens.js';
import { parseDelivery, type DeliveryInfo } from './delivery.js';
import type { Link } from './link.js';
import { Puller } from './puller.js';
import type { Resolver } from './resolver.js';
import { TYPE_HEADER } from './wire.js';

/** Of one durable name, over all its workers: each worker bounds itself, and none may use up what the others need. */
const MAX_ACK_PENDING = 65_536;
const CONSUMER_EXISTS = 10148;
const ACK = '+ACK';
const WORKING = '+WPI';
const NAK = '-NAK';

export interface ConsumeSource {
  connection: NatsConnection;
  jsm: JetStreamManager;
  link: Link;
  stream: string;
  resolver: Resolver;
  /** After so long without a heartbeat a delivery goes to another worker. */
  ackWaitMs: number;
  /** Told of messages that cannot be read. They count as worked on. */
  onPoison: (unreadable: RecordedEvent) => void;
}

interface Work {
  message: Msg;
  info: DeliveryInfo;
}

/** Works on events of a durable consumer until the signal aborts, a number of them at once. */
export async function consumeStream(source: ConsumeSource, options: ConsumeOptions): Promise<void> {
  assertToken(options.durable);
  const running = new Set<Promise<void>>();
  const unread = new Unread(options);
  const puller = new Puller<Work>({
    ...source,
    signal: options.signal,
    open: () => ensureConsumer(source, options),
    demand: () => options.concurrency - running.size,
    threshold: 1,
    accept: (message) => acceptWork(message, options.types),
  });
  try {
    while (!options.signal.aborted) {
      for (const work of await puller.take(options.concurrency)) {
        const done = handleWork(source, options, unread, work).finally(() => {
          running.delete(done);
          puller.refill();
        });
        running.add(done);
      }
      puller.refill();
    }
  } finally {
    for (const { message } of puller.leftovers()) giveBack(message, 0);
    await Promise.all(running);
  }
}

async function ensureConsumer(
  { jsm, stream, ackWaitMs }: ConsumeSource,
  { durable, startAfter = 0 }: ConsumeOptions,
): Promise<string> {
  const config: Partial<ConsumerConfig> = {
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: MAX_ACK_PENDING,
  };
  try {
    const start = await startingAt(jsm, stream, startAfter);
    await jsm.consumers.add(stream, { ...config, ...start, durable_name: durable });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    await jsm.consumers.update(stream, durable, config);
  }
  return durable;
}

/** Beyond the end of the log the server would pass over what comes in between, so the start is never there. */
async function startingAt(
  jsm: JetStreamManager,
  stream: string,
  startAfter: number,
): Promise<Partial<ConsumerConfig>> {
  if (startAfter <= 0) return {};
  const { state } = await jsm.streams.info(stream);
  return {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: Math.min(startAfter, state.last_seq) + 1,
  };
}

function acceptWork(message: Msg, types: ReadonlySet<string>): Work | 'skip' {
  const type = message.headers?.get(TYPE_HEADER) ?? '';
  // Without the header it is no event of ours; reading it will tell.
  if (type === '' || types.has(type)) return { message, info: parseDelivery(message.reply ?? '') };
  respond(message, ACK);
  return 'skip';
}

async function handleWork(
  source: ConsumeSource,
  options: ConsumeOptions,
  unread: Unread,
  { message, info }: Work,
): Promise<void> {
  const heartbeat = setInterval(() => respond(message, WORKING), source.ackWaitMs / 3);
  let delivery: Delivery | undefined;
  try {
    const recorded = await unread.noting(info.sequence, message.subject, () =>
      source.resolver.one({ ...info, subject: message.subject, data: message.data }),
    );
    if (recorded?.event.type === 'event.unreadable') source.onPoison(recorded);
    if (recorded !== undefined && options.types.has(recorded.event.type)) {
      delivery = { ...recorded, attempt: info.attempt };
      await options.handle(delivery);
    }
    respond(message, ACK);
  } catch (error) {
    giveBack(message, retryDelay(info.attempt));
    if (delivery !== undefined) options.onFailure?.(error, delivery);
  } finally {
    clearInterval(heartbeat);
  }
}

/** Events that could not be read: what is tried again for as long as it takes is reported the first time only. */
class Unread {
  readonly #sequences = new Set<number>();
  readonly #onUnread: ConsumeOptions['onUnread'];

  constructor({ onUnread }: ConsumeOptions) {
    this.#onUnread = onUnread;
  }

  async noting<T>(sequence: number, subject: string, read: () => Promise<T>): Promise<T> {
    try {
      const result = await read();
      this.#sequences.delete(sequence);
      return result;
    } catch (error) {
      if (!this.#sequences.has(sequence)) {
        this.#sequences.add(sequence);
        const sessionId = subject.slice(subject.lastIndexOf('.') + 1);
        this.#onUnread?.(error, { sequence, sessionId });
      }
      throw error;
    }
  }
}

/** The event comes again after the delay, to whichever worker is free. */
function giveBack(message: Msg, delayMs: number): void {
  respond(message, delayMs === 0 ? NAK : `${NAK} ${JSON.stringify({ delay: nanos(delayMs) })}`);
}

function respond(message: Msg, word: string): void {
  try {
    message.respond(word);
  } catch {
    // The connection is closed: the server delivers again when the time for an acknowledgement is over.
  }
}
