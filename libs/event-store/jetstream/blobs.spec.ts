import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import type { NatsConnection } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#runtime';
import { newSessionId } from '../conformance/fixtures.js';
import { openBlobs } from './blobs.js';
import { openJetStreamStore } from './open.js';

const BUCKET = 'RAWORC_BLOBS';
const CHUNK = 128 * 1024;
const UNAVAILABLE = { name: 'LogError', code: 'log_unavailable' };

describe('large data on JetStream', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  beforeAll(async () => {
    nats = await startTestNats();
    connection = await nats.connection();
  });
  afterAll(() => nats.stop());

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 17])(
    'is read as it was written: %i bytes',
    async (size) => {
      const blobs = await openBlobs(connection, BUCKET, 1);
      const blob = { name: `${newSessionId()}.${size}`, bytes: randomBytes(size) };
      expect(await blobs.get(blob.name)).toBeUndefined();
      await blobs.put(blob);
      const read = await blobs.get(blob.name);
      expect(read).toHaveLength(size);
      expect(blob.bytes.equals(read ?? Buffer.of(1))).toBe(true);
    },
  );

  it('is waited for until a deadline when an erasure takes it from a reader', async () => {
    const blobs = await openBlobs(connection, BUCKET, 1, 300);
    const name = `${newSessionId()}.erased`;
    await blobs.put({ name, bytes: randomBytes(3 * CHUNK) });
    const jsm = await jetstreamManager(connection);
    const nuid = (await (await new Objm(connection).open(BUCKET)).info(name))?.nuid ?? '';
    await jsm.streams.purge(`OBJ_${BUCKET}`, { filter: `$O.${BUCKET}.C.${nuid}` });
    const message = expect.stringContaining(`Reading ${name} took more than`);
    await expect(blobs.get(name)).rejects.toMatchObject({ ...UNAVAILABLE, message });
  });

  it('is unavailable when the connection is closed', async () => {
    const own = await nats.connection();
    const blobs = await openBlobs(own, BUCKET, 1);
    await own.close();
    await expect(blobs.get('a.b')).rejects.toMatchObject(UNAVAILABLE);
    await expect(blobs.put({ name: 'a.b', bytes: Buffer.of(1) })).rejects.toMatchObject(UNAVAILABLE);
    await expect(blobs.eraseSession('a')).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is unavailable, as attachments are, while the server is gone', async () => {
    const { attachments, close } = await openJetStreamStore(connection);
    const sessionId = newSessionId();
    const sha256 = await attachments.put(sessionId, randomBytes(1000));
    await nats.kill9();
    await Promise.all([
      expect(attachments.put(sessionId, randomBytes(1000))).rejects.toMatchObject(UNAVAILABLE),
      expect(attachments.get(sessionId, sha256)).rejects.toMatchObject(UNAVAILABLE),
    ]);
    close();
    await nats.restart();
  });
});
