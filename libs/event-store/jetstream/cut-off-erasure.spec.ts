import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { startTestNats, type TestNats } from '#runtime';
import { openBucket } from './jetstream-bucket.js';

let nats: TestNats;
let jsm: JetStreamManager;
beforeAll(async () => {
  nats = await startTestNats();
  jsm = await jetstreamManager(await nats.connection());
});
afterAll(() => nats.stop());

// The server says in different words that a message is gone, depending on where in its stream it was.
it.each(['first', 'middle', 'last', 'only'])(
  'a key is erased by the next try when one was cut off after it had overwritten the %s one',
  async (place) => {
    const connection = await nats.connection();
    const settings = { timeoutMs: 3_000, patienceMs: 1_000, replicas: undefined, shred: true };
    const bucket = await openBucket({ ...settings, connection, jsm, bucket: `KEYS_${place}` });
    const keys = place === 'only' ? ['first'] : ['first', 'middle', 'last'];
    for (const key of keys) await bucket.put(key, 'wrapped', 0);
    const key = place === 'only' ? 'first' : place;
    const revision = (await bucket.read(key))?.revision ?? 0;
    await jsm.streams.deleteMessage(`KV_KEYS_${place}`, revision, true);
    expect(await bucket.write(key, undefined, revision)).toBe(true);
    expect((await bucket.read(key))?.value).toBeUndefined();
  },
);
