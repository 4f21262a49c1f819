import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#runtime';
import { newSessionId } from '../conformance/fixtures.js';
import { openBlobs, type BlobStore } from './blobs.js';
import { openJetStreamStore } from './open.js';
import { Publisher } from './publisher.js';
import { StreamReader } from './reader.js';
import { UNLIMITED } from './space.js';

const BUCKET = 'RAWORC_BLOBS';
const CHUNK = 128 * 1024;
const UNAVAILABLE = { name: 'LogError', code: 'log_unavailable' };

describe('large data on JetStream', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let jsm: JetStreamManager;
  let blobs: BlobStore;
  beforeAll(async () => {
    nats = await startTestNats();
    connection = await nats.connection();
    jsm = await jetstreamManager(connection);
    const timing = { timeoutMs: 1_000, patienceMs: 6_000 };
    const reader = new StreamReader({ connection, jsm, stream: BUCKET, ...timing });
    const publisher = new Publisher(connection, timing.timeoutMs);
    blobs = await openBlobs(
      { connection, jsm, bucket: BUCKET, reader, publisher, ...timing, space: UNLIMITED },
      1,
    );
  });
  afterAll(() => nats.stop());

  const blobOf = (size: number) => {
    const bytes = randomBytes(size);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { name: `${newSessionId()}.${sha256}`, bytes };
  };
  const messages = async () => (await jsm.streams.info(BUCKET)).state.messages;

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 17, 70 * CHUNK])(
    'is read as it was written: %i bytes',
    async (size) => {
      const blob = blobOf(size);
      expect(await blobs.get(blob.name)).toBeUndefined();
      await blobs.put(blob);
      const read = await blobs.get(blob.name);
      expect(read).toHaveLength(size);
      expect(blob.bytes.equals(read ?? Buffer.of(1))).toBe(true);
    },
  );

  it('is written once, by however many at once', async () => {
    const before = await messages();
    const blob = blobOf(3 * CHUNK);
    await Promise.all(Array.from({ length: 5 }, () => blobs.put(blob)));
    await blobs.put(blob);
    expect(await messages()).toBe(before + 3);
    expect(blob.bytes.equals((await blobs.get(blob.name)) ?? Buffer.of(1))).toBe(true);
  });

  it('can be written again after an erasure, which leaves that of others', async () => {
    const [blob, other] = [blobOf(2 * CHUNK), blobOf(10)];
    await blobs.put(blob);
    await blobs.put(other);
    await blobs.eraseSession(blob.name.split('.', 1)[0] ?? '');
    expect(await blobs.get(blob.name)).toBeUndefined();
    expect(await blobs.get(other.name)).toHaveLength(10);
    await blobs.put(blob);
    expect(await blobs.get(blob.name)).toHaveLength(2 * CHUNK);
  });

  it('is known to be damaged when a part is gone, or is something else', async () => {
    const [cut, forged] = [blobOf(3 * CHUNK), blobOf(CHUNK)];
    await blobs.put(cut);
    const { seq } = (await jsm.streams.getMessage(BUCKET, { last_by_subj: `${BUCKET}.${cut.name}` })) ?? {
      seq: 0,
    };
    await jsm.streams.deleteMessage(BUCKET, seq);
    await jetstream(connection).publish(`${BUCKET}.${forged.name}`, randomBytes(CHUNK));
    const damaged = (name: string) => ({ code: 'log_corrupt', message: expect.stringContaining(name) });
    await expect(blobs.get(cut.name)).rejects.toMatchObject(damaged(cut.name));
    await expect(blobs.get(forged.name)).rejects.toMatchObject(damaged(forged.name));
  });

  it('is whole or gone for those who read while it is erased', async () => {
    const blob = blobOf(100 * CHUNK);
    await blobs.put(blob);
    const reads = Array.from({ length: 4 }, () => blobs.get(blob.name));
    await blobs.eraseSession(blob.name.split('.', 1)[0] ?? '');
    for (const read of await Promise.all(reads))
      expect([undefined, blob.bytes.length]).toContain(read?.length);
  });

  it('has a largest size, which the refusal names', async () => {
    const blob = { name: 'a.b', bytes: Buffer.alloc(1000 * CHUNK + 1) };
    const message = expect.stringContaining(String(1000 * CHUNK));
    await expect(blobs.put(blob)).rejects.toMatchObject({ code: 'event_too_large', message });
  });

  it('of an earlier build is refused', async () => {
    await jsm.streams.add({ name: 'OBJ_OLD_BLOBS', subjects: ['$O.OLD_BLOBS.>'] });
    const opened = openJetStreamStore(connection, { streamName: 'OLD_SESSIONS', subjectPrefix: 'old' });
    await expect(opened).rejects.toMatchObject({ code: 'log_incompatible' });
  });

  it('is unavailable when the connection is closed', async () => {
    const own = await nats.connection();
    const { attachments, close } = await openJetStreamStore(own, { patienceMs: 300 });
    await own.close();
    const sha256 = 'a'.repeat(64);
    await expect(attachments.get('a', sha256)).rejects.toMatchObject(UNAVAILABLE);
    await expect(attachments.put('a', Buffer.of(1))).rejects.toMatchObject(UNAVAILABLE);
    close();
  });

  it('is unavailable while the server is gone', async () => {
    const blob = blobOf(1000);
    await blobs.put(blob);
    await nats.kill9();
    await Promise.all([
      expect(blobs.put(blobOf(1000))).rejects.toMatchObject(UNAVAILABLE),
      expect(blobs.get(blob.name)).rejects.toMatchObject(UNAVAILABLE),
      expect(blobs.eraseSession('a')).rejects.toMatchObject(UNAVAILABLE),
    ]);
    await nats.restart();
  });
});
