import { jetstream } from '@nats-io/jetstream';
import { Objm, setSha256Backend, StorageType, type ObjectStore } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Blob } from './wire.js';

/** Large event data, apart from the log: named by session and content. */
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
    put: (blob) => putOnce(objects, blob),
    get: async (name) => (await objects.getBlob(name)) ?? undefined,
    async eraseSession(sessionId) {
      const names = (await objects.list()).map(({ name }) => name);
      for (const name of names.filter((name) => name.startsWith(`${sessionId}.`))) await objects.delete(name);
    },
  };
}

/** The name is the content's hash: what is there need not be written again. */
async function putOnce(objects: ObjectStore, { name, bytes }: Blob): Promise<void> {
  const known = await objects.info(name);
  if (known !== null && !known.deleted) return;
  await objects.putBlob({ name }, bytes);
}
