import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { event, type EventEnvelope } from '#domain';
import { startTestNats, type TestNats } from '#runtime';
import { created, newSessionId, posted, seal, startSession } from '../conformance/fixtures.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

/** A single consumer that stayed would be seen. */
const READS = 100;
const AT_ONCE = 50;

describe('reading from JetStream, again and again', () => {
  let nats: TestNats;
  let jsm: JetStreamManager;
  let opened: JetStreamStore;
  beforeAll(async () => {
    nats = await startTestNats();
    const connection = await nats.connection();
    jsm = await jetstreamManager(connection);
    opened = await openJetStreamStore(connection);
  });
  afterAll(async () => {
    opened.close();
    await nats.stop();
  });

  /** Of all streams. */
  const consumers = async () => {
    const streams = await jsm.streams.list().next();
    return streams.reduce((sum, { state }) => sum + state.consumer_count, 0);
  };

  it('leaves no consumer behind: events with large data', async () => {
    const sessionId = newSessionId();
    const large = posted('x'.repeat(100_000));
    const events = seal(sessionId, 1, created(), large);
    await opened.store.append(sessionId, events, 0);
    await inWaves(async () => {
      const read = await opened.store.read(sessionId);
      expect(read).toHaveLength(2);
      expect(read[1]?.event.data).toEqual(large.data);
    });
    expect(await consumers()).toBe(0);
  });

  it('leaves no consumer behind: attachments, and the lists of an erasure', async () => {
    const { sessionId, sequence } = await startSession(opened.store);
    const bytes = randomBytes(300_000);
    const sha256 = await opened.attachments.put(sessionId, bytes);
    await inWaves(async () => {
      expect(bytes.equals((await opened.attachments.get(sessionId, sha256)) ?? Buffer.of())).toBe(true);
    });
    const [end] = seal(sessionId, 2, event('session.erased', {})) as [EventEnvelope];
    await opened.store.erase(sessionId, end, sequence);
    expect(await opened.attachments.get(sessionId, sha256)).toBeUndefined();
    expect(await consumers()).toBe(0);
  });

  it('has no consumer, not even while it reads: long histories', async () => {
    const { sessionId, events } = await startSession(opened.store, ...Array<string>(1500).fill('text'));
    const counted: number[] = [];
    const reads = Array.from({ length: 8 }, () => opened.store.read(sessionId));
    void Promise.all(reads).then(() => reads.splice(0));
    do counted.push(await consumers());
    while (reads.length > 0);
    expect(Math.max(...counted)).toBe(0);
    expect(await opened.store.read(sessionId)).toHaveLength(events.length);
  });
});

async function inWaves(read: () => Promise<void>): Promise<void> {
  for (let done = 0; done < READS; done += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, read));
  }
}
