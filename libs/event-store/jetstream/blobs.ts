import { createHash } from 'node:crypto';
import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { LogError, type KeptItem, type LogSpace } from '../event-store.js';
import { patiently, tooLarge } from './failures.js';
import { listHeaders, type ListingParts } from './list-headers.js';
import type { Publishing } from './publisher.js';
import { readSubject } from './read-subject.js';
import type { StoredMessage, StreamReader } from './reader.js';
import { requireSpace } from './space.js';
import { ensureStream, type StreamSettings } from './streams.js';
import type { Blob } from './wire.js';

const CHUNK_BYTES = 128 * 1024;
/** What one atomic batch holds. */
const MOST_CHUNKS = 1000;

/**
 * Large data apart from the log, named `<session>.<sha256 of the content>`: a subject of its stream each, whose
 * messages are the chunks in order. They are written as a whole or not at all, and the name proves the content.
 */
export interface BlobStore {
  bucket: string;
  put(blob: Blob): Promise<void>;
  /** @throws LogError `log_corrupt` when what is stored is not what the name says */
  get(name: string): Promise<Uint8Array | undefined>;
  /** Removes all data of a session. */
  eraseSession(sessionId: string): Promise<void>;
  /** Whose chunks there are after a place, at most `limit` of them, and the place to go on at; 0 at the end. */
  list(after: number, limit: number): Promise<{ items: KeptItem[]; next: number }>;
}

export interface BlobParts extends ListingParts {
  /** Name of the stream, and first token of its subjects. */
  bucket: string;
  reader: StreamReader;
  publisher: Publishing;
  space: LogSpace;
}

export async function openBlobs(parts: BlobParts, replicas: number | undefined): Promise<BlobStore> {
  const { jsm, bucket, patienceMs } = parts;
  await refuseObjectStore(jsm, bucket);
  await ensureStream(jsm, blobStream(bucket), replicas);
  return {
    bucket,
    async put(blob) {
      requireSpace(parts.space);
      await put(parts, blob);
    },
    get: (name) => get(parts, name),
    eraseSession: async (sessionId) => {
      const filter = `${bucket}.${sessionId}.*`;
      await patiently(patienceMs, () => jsm.streams.purge(bucket, { filter }));
    },
    list: async (after, limit) => {
      const places = await listHeaders(parts, bucket, after, limit);
      const items = places.map(({ subject, storedAt }) => ({ sessionId: sessionOf(subject), storedAt }));
      return { items, next: places.length < limit ? 0 : (places.at(-1)?.sequence ?? 0) };
    },
  };
}

function blobStream(bucket: string): StreamSettings {
  return {
    name: bucket,
    description: 'Large data of Raworc events, by session and sha256',
    subjects: [`${bucket}.*.*`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    allow_direct: true,
    allow_atomic: true,
    compression: StoreCompression.S2,
  };
}

/** Of `<bucket>.<session>.<sha256>`. */
function sessionOf(subject: string): string {
  return subject.split('.')[1] ?? '';
}

/** Earlier builds kept large data in a NATS object store, which this one would not find. */
async function refuseObjectStore(jsm: JetStreamManager, bucket: string): Promise<void> {
  try {
    await jsm.streams.info(`OBJ_${bucket}`);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return;
    throw error;
  }
  throw new LogError(
    'log_incompatible',
    `This log was written by an earlier build, which kept large data in the object store ${bucket}. ` +
      'Use that build, or start with an empty RAWORC_HOME (and an empty NATS, if RAWORC_NATS_URL is set).',
  );
}

/** The name is the content's hash: a subject that has messages already has these. */
async function put({ bucket, publisher, patienceMs }: BlobParts, { name, bytes }: Blob): Promise<void> {
  const chunks = chunksOf(bytes);
  if (chunks.length > MOST_CHUNKS) {
    throw tooLarge(name, `it has ${bytes.length} bytes, and the log takes ${MOST_CHUNKS * CHUNK_BYTES}`);
  }
  const messages = chunks.map((payload) => ({ what: `a part of ${name}`, payload, headers: [] }));
  await patiently(patienceMs, async () => {
    const write = { subject: `${bucket}.${name}`, messages, expectedSequence: 0 };
    const outcome = await publisher.publish(write);
    if (outcome.kind !== 'unknown') return;
    throw new LogError('log_unavailable', `The log did not confirm that it has ${name}. Try again.`, {
      cause: outcome.cause,
    });
  });
}

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / CHUNK_BYTES));
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES));
}

async function get({ bucket, reader }: BlobParts, name: string): Promise<Uint8Array | undefined> {
  const subject = `${bucket}.${name}`;
  const bytes = joined(await readSubject(reader, subject, 1));
  if (bytes !== undefined && isContentOf(name, bytes)) return bytes;
  // A copy that lags behind may have part of it, and an erasure between two pages leaves part of it.
  const again = joined(await readFromLeader(reader, subject));
  if (again === undefined || isContentOf(name, again)) return again;
  if ((await reader.next(subject, 1)) === undefined) return undefined;
  const problem = `its ${again.length} bytes are not what was written`;
  throw new LogError('log_corrupt', `Large data ${name} is damaged: ${problem}. Restore it from a backup.`);
}

async function readFromLeader(reader: StreamReader, subject: string): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = [];
  for (;;) {
    const message = await reader.next(subject, (messages.at(-1)?.sequence ?? 0) + 1);
    if (message === undefined) return messages;
    messages.push(message);
  }
}

/** Undefined when there is not even an empty chunk. */
function joined(messages: readonly StoredMessage[]): Uint8Array | undefined {
  if (messages.length <= 1) return messages[0]?.data;
  return Buffer.concat(messages.map(({ data }) => data));
}

function isContentOf(name: string, bytes: Uint8Array): boolean {
  return createHash('sha256').update(bytes).digest('hex') === name.slice(name.lastIndexOf('.') + 1);
}
