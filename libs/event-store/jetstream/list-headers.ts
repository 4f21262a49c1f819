import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { createInbox, nanos, nuid, type NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { parseDelivery } from './delivery.js';
import { patiently } from './failures.js';

/** Where a message is, without what it holds. */
export interface MessagePlace {
  sequence: number;
  storedAt: number;
  subject: string;
}

export interface ListingParts {
  connection: NatsConnection;
  jsm: JetStreamManager;
  timeoutMs: number;
  patienceMs: number;
}

/** Only for a listing that is cut off: each removes its consumer at its end. */
const FORGET_AFTER_MS = 30_000;

/** The first messages of a stream after a sequence, at most `limit`; their data stays on the server. */
export function listHeaders(
  parts: ListingParts,
  stream: string,
  after: number,
  limit: number,
): Promise<MessagePlace[]> {
  const { jsm, patienceMs } = parts;
  return patiently(patienceMs, async () => {
    const { state } = await jsm.streams.info(stream);
    if (state.messages === 0 || state.last_seq <= after) return [];
    const { name } = await jsm.consumers.add(stream, {
      name: `list_${nuid.next()}`,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: after + 1,
      headers_only: true,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(FORGET_AFTER_MS),
    });
    try {
      return await pull(parts, stream, name, limit);
    } finally {
      await jsm.consumers.delete(stream, name).catch(() => undefined);
    }
  });
}

/** What is there by now; the server says when that is less than asked for. */
function pull(
  { connection, timeoutMs }: ListingParts,
  stream: string,
  consumer: string,
  limit: number,
): Promise<MessagePlace[]> {
  const { promise, resolve, reject } = Promise.withResolvers<MessagePlace[]>();
  const places: MessagePlace[] = [];
  const inbox = createInbox();
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error !== null) return reject(error);
      timer.refresh();
      if (message.subject === inbox) return resolve(places);
      const { sequence, storedAt } = parseDelivery(message.reply ?? '');
      places.push({ sequence, storedAt, subject: message.subject });
      if (places.length === limit) resolve(places);
    },
  });
  const late = new LogError('log_unavailable', `Listing ${stream} did not end in time. Try again.`);
  const timer = setTimeout(() => reject(late), timeoutMs);
  const request = JSON.stringify({ batch: limit, no_wait: true });
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: inbox });
  return promise.finally(() => {
    clearTimeout(timer);
    subscription.unsubscribe();
  });
}
