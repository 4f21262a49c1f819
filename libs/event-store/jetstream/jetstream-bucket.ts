import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { Bucket } from '../bucket.js';
import { LogError } from '../event-store.js';
import { classify, patiently, unavailable, type ApiError } from './failures.js';
import { bucketStream, ensureStream } from './streams.js';

export interface BucketOptions {
  connection: NatsConnection;
  jsm: JetStreamManager;
  bucket: string;
  replicas: number | undefined;
  /** How long one request may go unanswered. */
  timeoutMs: number;
  /** How long a request is repeated that is not answered. */
  patienceMs: number;
  /** Deleted values are overwritten on disk, not only forgotten. */
  shred: boolean;
  /** What is older is forgotten; left out, nothing is. */
  maxAgeMs?: number;
}

/**
 * A key-value bucket on a stream; a deleted key leaves a marker. A write whose reply was lost is repeated, and may then
 * be refused because of itself: callers look at the value, as after any refusal.
 */
export async function openBucket(options: BucketOptions): Promise<Bucket> {
  const { connection, jsm, bucket, replicas, timeoutMs, patienceMs, shred } = options;
  const stream = `KV_${bucket}`;
  await ensureStream(jsm, bucketStream(bucket, options.maxAgeMs), replicas);
  const subjectOf = (key: string) => `$KV.${bucket}.${key}`;

  const put = async (
    key: string,
    value: string | undefined,
    revision: number,
  ): Promise<number | undefined> => {
    const head = headers();
    head.set('Nats-Expected-Last-Subject-Sequence', String(revision));
    if (value === undefined) {
      head.set('KV-Operation', 'PURGE');
      head.set('Nats-Rollup', 'sub');
    }
    const request = { headers: head, timeout: timeoutMs };
    return patiently(patienceMs, async () => {
      const reply = await connection.request(subjectOf(key), value ?? '', request);
      return acceptedAt(reply, `key ${key} of ${bucket}`);
    });
  };

  return {
    async read(key) {
      const query = { last_by_subj: subjectOf(key) };
      // From the leader: a claim that was just won must be seen by everybody.
      const message = await patiently(patienceMs, () => jsm.streams.getMessage(stream, query));
      if (message === null) return undefined;
      const deleted = message.header?.get('KV-Operation') !== '';
      const value = deleted ? undefined : message.string();
      return { value, revision: message.seq, storedAt: message.time.getTime() / 1000 };
    },

    async write(key, value, revision) {
      const shredded = shred && value === undefined && revision !== 0;
      if (shredded) await patiently(patienceMs, () => overwrite(jsm, stream, revision));
      // Refused when a newer value took the old one's place.
      return (await put(key, value, shredded ? 0 : revision)) !== undefined;
    },
    put,
  };
}

/** A message that is gone already is as good as overwritten. */
async function overwrite(jsm: JetStreamManager, stream: string, sequence: number): Promise<void> {
  try {
    await jsm.streams.deleteMessage(stream, sequence, true);
  } catch (error) {
    if (error instanceof JetStreamApiError && /no message found|not found|deleted/.test(error.message))
      return;
    unavailable(error);
  }
}

/** Its sequence; undefined when somebody else wrote before. */
function acceptedAt(reply: Msg, what: string): number | undefined {
  const { error, seq } = reply.json<{ error?: ApiError; seq: number }>();
  if (error === undefined) return seq;
  if (classify(error, what) === 'conflict') return undefined;
  throw new LogError('log_unavailable', `The log did not take ${what}: ${error.description}. Try again.`);
}
