import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, nuid, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { RecordedEvent } from '../event-store.js';
import { requireContinuation, type Progress } from './continuation.js';
import { parseDelivery } from './delivery.js';
import type { Link } from './link.js';
import { Puller } from './puller.js';
import type { Resolver } from './resolver.js';
import type { StoredMessage } from './reader.js';

/** Messages kept at hand, so that neither side waits for the other. */
const WINDOW = 2048;
/** The server forgets the position of a follower that is gone. */
const FORGET_AFTER_MS = 5 * 60_000;

export interface FollowSource {
  connection: NatsConnection;
  jsm: JetStreamManager;
  link: Link;
  stream: string;
  resolver: Resolver;
}

export interface FollowRange {
  after: number;
  /** When the log stored the event at `after`, where that is known. */
  afterStoredAt?: number;
  /** Undefined: all. */
  subject: string | undefined;
  signal: AbortSignal;
  maxBatch: number;
}

/** Batches of events in order, live, without gaps. */
export async function* followStream(
  source: FollowSource,
  range: FollowRange,
): AsyncGenerator<RecordedEvent[]> {
  for await (const messages of followMessages(source, range)) yield* source.resolver.batches(messages);
}

/** The same, not yet parsed. Each loss of the consumer continues after the last message received. */
export async function* followMessages(
  source: FollowSource,
  range: FollowRange,
): AsyncGenerator<StoredMessage[]> {
  const left = new AbortController();
  const signal = AbortSignal.any([range.signal, left.signal]);
  const { open, accept, remove } = orderedConsumer(source, range);
  const puller = new Puller<StoredMessage>({
    ...source,
    signal,
    demand: () => WINDOW,
    threshold: WINDOW / 4,
    open,
    accept,
  });
  try {
    while (!signal.aborted) {
      const messages = await puller.take(range.maxBatch);
      puller.refill();
      if (messages.length > 0) yield messages;
    }
  } finally {
    left.abort();
    remove();
  }
}

/** An unacknowledged consumer that is made anew, after the last message received, whenever it is lost. */
function orderedConsumer({ jsm, stream }: FollowSource, { after, afterStoredAt, subject }: FollowRange) {
  let last: Progress = { sequence: after, storedAt: afterStoredAt };
  let deliveries = 0;
  let current: string | undefined;

  const open = async (): Promise<string> => {
    // A log that comes back after a loss may have lost more than the connection.
    if (current !== undefined) await requireContinuation(jsm, stream, last);
    deliveries = 0;
    const { name } = await jsm.consumers.add(stream, {
      name: `follow_${nuid.next()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: last.sequence + 1,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(FORGET_AFTER_MS),
      ...(subject === undefined ? {} : { filter_subject: subject }),
    });
    current = name;
    return name;
  };

  /** A server that cannot be asked any more forgets it by itself. */
  const remove = (): void => {
    if (current !== undefined) void jsm.consumers.delete(stream, current).catch(() => undefined);
  };

  const accept = (message: Msg): StoredMessage | 'lost' => {
    const { sequence, consumerSequence, storedAt } = parseDelivery(message.reply ?? '');
    if (consumerSequence !== deliveries + 1) return 'lost';
    deliveries = consumerSequence;
    last = { sequence, storedAt };
    return { sequence, storedAt, subject: message.subject, data: message.data };
  };

  return { open, accept, remove };
}
