import { jetstream, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { unavailable } from './failures.js';
import { bucketStream, ensureStream } from './streams.js';

const GOOD_FOR_MS = 1_000;
const ANSWERED_WITHIN_MS = 1_000;

/** A write that changes nothing, to see whether the store takes any; asking often costs no more than one a second. */
export async function openProbe(
  connection: NatsConnection,
  jsm: JetStreamManager,
  bucket: string,
  replicas: number | undefined,
): Promise<() => Promise<void>> {
  await ensureStream(jsm, bucketStream(bucket), replicas);
  const js = jetstream(connection, { timeout: ANSWERED_WITHIN_MS });
  const write = async (): Promise<void> => {
    await js.publish(`$KV.${bucket}.probe`, String(Date.now())).catch(unavailable);
  };
  let last: { at: number; written: Promise<void> } | undefined;
  return () => {
    if (last === undefined || Date.now() - last.at > GOOD_FOR_MS) last = { at: Date.now(), written: write() };
    return last.written;
  };
}
