import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#runtime';
import { created, newSessionId, posted, seal } from '../conformance/fixtures.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

describe('an event that cannot be read for a while', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let opened: JetStreamStore;
  beforeAll(async () => {
    nats = await startTestNats();
    connection = await nats.connection();
    opened = await openJetStreamStore(connection, { requestTimeoutMs: 200, patienceMs: 50 });
  });
  afterAll(async () => {
    opened.close();
    await nats.stop();
  });

  it('is reported once, comes again until it can be read, and then counts', async () => {
    const { store } = opened;
    const sessionId = newSessionId();
    const large = posted('x'.repeat(100_000));
    const { sequence } = await store.append(sessionId, seal(sessionId, 1, created(), large), 0);
    const jsm = await jetstreamManager(connection);
    await jsm.streams.delete('RAWORC_BLOBS');

    const stop = new AbortController();
    const reported: unknown[] = [];
    const types: string[] = [];
    const consuming = store.consume({
      durable: 'unread',
      types: new Set(['message.posted', 'event.unreadable'] as const),
      concurrency: 2,
      signal: stop.signal,
      onUnread: (error, place) => reported.push([(error as { code: string }).code, place]),
      handle: async ({ event }) => {
        types.push(event.type);
        stop.abort();
      },
    });
    // The session's creation, and three times the message.
    let delivered = 0;
    while (delivered < 4) {
      const info = await jsm.consumers.info('RAWORC_SESSIONS', 'unread').catch(() => undefined);
      delivered = info?.delivered.consumer_seq ?? 0;
    }
    expect(types).toEqual([]);
    const again = await openJetStreamStore(connection);
    await consuming;
    again.close();
    expect(reported).toEqual([['log_unavailable', { sequence, sessionId }]]);
    expect(types).toEqual(['event.unreadable']);
  });
});
