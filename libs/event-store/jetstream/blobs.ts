import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { jetstream } from '@nats-io/jetstream';
import { Objm, setSha256Backend, StorageType, type ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { unavailable } from './failures.js';
import type { Blob } from './wire.js';

const READ_WITHIN_MS = 60_000;

/** Large event data, apart from the log: named by session and content. What fails, fails as `log_unavailable`. */
export interface BlobStore {
  bucket: string;
  put(blob: Blob): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
  /** Removes all data of a session. */
  eraseSession(sessionId: string): Promise<void>;
}

export async function openBlobs(
  connection: NatsConnection,
  bucket: string,
  replicas: number | undefined,
  readWithinMs = READ_WITHIN_MS,
): Promise<BlobStore> {
  setSha256Backend('native');
  const objects = await new Objm(jetstream(connection)).create(bucket, {
    description: 'Large data of Raworc events, by session and sha256',
    storage: StorageType.File,
    compression: true,
    replicas: replicas ?? 1,
  });
  return {
    bucket,
    put: (blob) => putOnce(objects, blob).catch(unavailable),
    get: (name) => read(objects, name, readWithinMs).catch(unavailable),
    eraseSession: (sessionId) => erase(objects, sessionId).catch(unavailable),
  };
}

/** The name is the content's hash: what is there need not be written again. */
async function putOnce(objects: ObjectStore, { name, bytes }: Blob): Promise<void> {
  const known = await objects.info(name);
  if (known !== null && !known.deleted) return;
  await objects.putBlob({ name }, bytes);
}

/** An erasure may purge the chunks of an object that is being read; the server then sends no more, and no end. */
async function read(objects: ObjectStore, name: string, withinMs: number): Promise<Uint8Array | undefined> {
  const object = await objects.get(name);
  if (object === null) return undefined;
  // The data fails with the same error.
  object.error.catch(() => undefined);
  const signal = AbortSignal.timeout(withinMs);
  try {
    return await buffer(Readable.fromWeb(object.data, { signal }));
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const problem = `Reading ${name} took more than ${withinMs / 1000} s. Try again.`;
    throw new LogError('log_unavailable', problem, { cause });
  }
}

async function erase(objects: ObjectStore, sessionId: string): Promise<void> {
  const names = (await objects.list()).map(({ name }) => name);
  for (const name of names.filter((name) => name.startsWith(`${sessionId}.`))) await objects.delete(name);
}
