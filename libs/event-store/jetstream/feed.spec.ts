import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { startTestNats, type TestNats } from '#runtime';
import { posted, seal, startSession, take, versions } from '../conformance/fixtures.js';
import type { RecordedEvent } from '../event-store.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

describe('followers of a JetStream log', () => {
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

  const consumers = async () => (await jsm.streams.info('RAWORC_SESSIONS')).state.consumer_count;
  const { signal } = new AbortController();

  it('share one consumer, however many there are, and it stays while they come and go', async () => {
    const sessions = [];
    for (let n = 0; n < 20; n++) sessions.push(await startSession(opened.store, 'before'));
    const { lastSequence } = await opened.store.info();
    const followed = sessions.flatMap(({ sessionId }) =>
      Array.from({ length: 60 }, () => take(opened.store.follow({ after: 0, sessionId, signal }), 3)),
    );
    const all = take(opened.store.follow({ after: lastSequence, signal }), sessions.length);
    for (const { sessionId, sequence } of sessions) {
      await opened.store.append(sessionId, seal(sessionId, 3, posted('live')), sequence);
    }
    for (const events of await Promise.all(followed)) expect(versions(events)).toEqual([1, 2, 3]);
    expect((await all).map(({ sequence }) => sequence)).toEqual(sessions.map((_, n) => lastSequence + n + 1));
    expect(await consumers()).toBe(1);
    for (const { sessionId } of sessions) await take(opened.store.follow({ after: 0, sessionId, signal }), 3);
    expect(await consumers()).toBe(1);
  });

  it('miss and double nothing when they are too slow for what comes', async () => {
    const { lastSequence } = await opened.store.info();
    const { sessionId, sequence } = await startSession(opened.store);
    const slow = opened.store.follow({ after: lastSequence, signal })[Symbol.asyncIterator]();
    const seen: RecordedEvent[] = [(await slow.next()).value as RecordedEvent];
    let position = sequence;
    let version = 2;
    for (let round = 0; round < 3; round++) {
      const burst = seal(sessionId, version, ...Array.from({ length: 900 }, () => posted('x'.repeat(800))));
      ({ sequence: position } = await opened.store.append(sessionId, burst, position));
      version += 900;
      for (let n = 0; n < 400; n++) seen.push((await slow.next()).value as RecordedEvent);
    }
    while (seen.length < version - 1) seen.push((await slow.next()).value as RecordedEvent);
    await slow.return?.(undefined);
    expect(versions(seen)).toEqual(Array.from({ length: version - 1 }, (_, n) => n + 1));
  });

  it('that begin anywhere get all that came after, while much is appended', async () => {
    const { sessionId, sequence } = await startSession(opened.store);
    let position = sequence;
    const writing = (async () => {
      for (let version = 2; version <= 300; version++) {
        const [next] = [seal(sessionId, version, posted('x'))];
        ({ sequence: position } = await opened.store.append(sessionId, next, position));
      }
    })();
    const reading = Array.from({ length: 30 }, (_, n) =>
      take(opened.store.follow({ after: n % 2 === 0 ? 0 : sequence, sessionId, signal }), 300 - (n % 2)),
    );
    await writing;
    for (const [n, events] of (await Promise.all(reading)).entries()) {
      expect(versions(events)).toEqual(Array.from({ length: 300 - (n % 2) }, (_, k) => k + 1 + (n % 2)));
    }
  });

  it('go on over a restart of the server', async () => {
    const { sessionId, sequence } = await startSession(opened.store, 'before');
    const following = opened.store.follow({ after: sequence, sessionId, signal })[Symbol.asyncIterator]();
    const next = following.next();
    await opened.store.append(sessionId, seal(sessionId, 3, posted('one')), sequence);
    expect((await next).value).toMatchObject({ event: { sessionversion: 3 } });
    await nats.kill9();
    await nats.restart();
    await opened.store.append(sessionId, seal(sessionId, 4, posted('two')), sequence + 1);
    expect((await following.next()).value).toMatchObject({ event: { sessionversion: 4 } });
    await following.return?.(undefined);
  });
});
