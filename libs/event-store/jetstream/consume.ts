import { AckPolicy, JetStreamApiError, type ConsumerConfig, type JetStreamManager } from '@nats-io/jetstream';
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
  const puller = new Puller<Work>({
    ...source,
    signal: options.signal,
    open: () => ensureConsumer(source, options.durable),
    demand: () => options.concurrency - running.size,
    threshold: 1,
    accept: (message) => acceptWork(message, options.types),
  });
  try {
    while (!options.signal.aborted) {
      for (const work of await puller.take(options.concurrency)) {
        const done = handleWork(source, options, work).finally(() => {
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

async function ensureConsumer({ jsm, stream, ackWaitMs }: ConsumeSource, durable: string): Promise<string> {
  const config: Partial<ConsumerConfig> = {
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: MAX_ACK_PENDING,
  };
  try {
    await jsm.consumers.add(stream, { ...config, durable_name: durable });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_EXISTS) throw error;
    await jsm.consumers.update(stream, durable, config);
  }
  return durable;
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
  { message, info }: Work,
): Promise<void> {
  const heartbeat = setInterval(() => respond(message, WORKING), source.ackWaitMs / 3);
  let delivery: Delivery | undefined;
  try {
    const recorded = await source.resolver.one({ ...info, subject: message.subject, data: message.data });
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
