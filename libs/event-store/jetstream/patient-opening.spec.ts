import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { startTestNats, type TestNats } from '#runtime';
import { openJetStreamStore } from './open.js';

let nats: TestNats;
beforeEach(async () => {
  nats = await startTestNats();
});
afterEach(() => nats.stop());

it('opens a log whose server stands still for longer than one request may take', async () => {
  const connection = await nats.connection();
  nats.pause();
  const opening = openJetStreamStore(connection, { requestTimeoutMs: 100 });
  try {
    // As long as this takes, several requests of the opening have had no answer.
    await expect(jetstreamManager(connection, { timeout: 1_000 })).rejects.toThrow('timeout');
  } finally {
    nats.resume();
  }
  const log = await opening;
  expect((await log.store.info()).lastSequence).toBe(0);
  log.close();
});
