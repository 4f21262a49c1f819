import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { startTestNats, type TestNats } from '#runtime';
import { created, ids, newSessionId, posted, seal, startSession, versions } from '../conformance/fixtures.js';
import type { RecordedEvent } from '../event-store.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

describe('JetStream store when the server is killed', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let opened: JetStreamStore;

  beforeAll(async () => {
    nats = await startTestNats();
    connection = await nats.connection();
    opened = await openJetStreamStore(connection, { requestTimeoutMs: 500, patienceMs: 3000 });
  });
  afterAll(async () => {
    opened.close();
    await nats.stop();
  });

  it.each([1, 3])('appends %i events at a time exactly once, whenever the server dies', async (count) => {
    const { store } = opened;
    const { sessionId, sequence } = await startSession(store);
    let position = sequence;
    const written: string[] = [];
    for (let round = 0; round < 6; round++) {
      const events = seal(
        sessionId,
        2 + written.length,
        ...Array.from({ length: count }, () => posted('once')),
      );
      const append = store.append(sessionId, events, position);
      // Earlier and later in the life of the publish, round by round.
      for (let turns = 0; turns < round * 3; turns++) await new Promise((resolve) => setImmediate(resolve));
      await nats.kill9();
      await nats.restart();
      ({ sequence: position } = await append);
      written.push(...ids(events));
    }
    const [, ...stored] = await store.read(sessionId);
    expect(ids(stored)).toEqual(written);
    expect(stored.at(-1)?.sequence).toBe(position);
  });

  it('goes on following after a restart, without gaps and without repeating', async () => {
    const { store } = opened;
    const { sessionId, sequence } = await startSession(store);
    const abort = new AbortController();
    const seen: RecordedEvent[] = [];
    let position = sequence;
    for await (const recorded of store.follow({ after: sequence - 1, sessionId, signal: abort.signal })) {
      seen.push(recorded);
      if (seen.length === 12) break;
      if (seen.length % 4 === 0) await nats.kill9().then(() => nats.restart());
      ({ sequence: position } = await store.append(
        sessionId,
        seal(sessionId, seen.length + 1, posted('next')),
        position,
      ));
    }
    expect(versions(seen)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  });

  it('goes on consuming after a restart', async () => {
    const { store } = opened;
    const { sessionId, sequence } = await startSession(store, 'before');
    const abort = new AbortController();
    const seen = new Set<number>();
    const consuming = store.consume({
      durable: 'restarted',
      types: new Set(['message.posted'] as const),
      concurrency: 2,
      signal: abort.signal,
      handle: async ({ event }) => {
        if (event.subject !== sessionId) return;
        if (!seen.has(event.sessionversion)) {
          seen.add(event.sessionversion);
          if (seen.size === 1) {
            await nats.kill9();
            await nats.restart();
            await store.append(sessionId, seal(sessionId, 3, posted('after')), sequence);
          }
        }
        if (seen.size === 2) abort.abort();
      },
    });
    await consuming;
    expect([...seen]).toEqual([2, 3]);
  });

  it('says that the log is unavailable while the server is gone, and then appends', async () => {
    const { store } = opened;
    const sessionId = newSessionId();
    const events = seal(sessionId, 1, created());
    await nats.kill9();
    const append = store.append(sessionId, events, 0);
    await expect(append).rejects.toMatchObject({ name: 'LogError', code: 'log_unavailable' });
    await expect(store.info()).rejects.toMatchObject({ code: 'log_unavailable' });
    await nats.restart();
    await store.append(sessionId, events, 0);
    expect(ids(await store.read(sessionId))).toEqual(ids(events));
  });

  it('shows by its info that a stream was made anew', async () => {
    const { store } = opened;
    await startSession(store);
    const before = await store.info();
    const jsm = await jetstreamManager(connection);
    await jsm.streams.delete('RAWORC_SESSIONS');
    const again = await openJetStreamStore(connection);
    await startSession(again.store);
    const after = await again.store.info();
    again.close();
    expect(after.created).not.toBe(before.created);
    expect(after.lastSequence).toBeLessThan(before.lastSequence);
  });
});
