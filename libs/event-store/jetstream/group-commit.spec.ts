import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventEnvelope } from '#domain';
import { startTestNats, type TestNats } from '#runtime';
import { created, ids, newSessionId, posted, seal, startSession } from '../conformance/fixtures.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

describe('appends that wait together', () => {
  let nats: TestNats;
  let opened: JetStreamStore;

  beforeAll(async () => {
    nats = await startTestNats();
    opened = await openJetStreamStore(await nats.connection(), { requestTimeoutMs: 1000 });
  });
  afterAll(async () => {
    opened.close();
    await nats.stop();
  });

  const creations = (count: number) =>
    Array.from({ length: count }, () => seal(newSessionId(), 1, created()) as [EventEnvelope]);
  const append = ([first]: [EventEnvelope]) => opened.store.append(first.subject, [first], 0);

  it('are stored at the sequences that they are told', async () => {
    const events = creations(600);
    const results = await Promise.all(events.map(append));
    expect(new Set(results.map(({ sequence }) => sequence)).size).toBe(600);
    for (const [index, [first]] of events.entries()) {
      expect((await opened.store.at(results[index]?.sequence ?? 0))?.event.id).toBe(first.id);
    }
  });

  it('do not share the fate of one that is refused', async () => {
    const { sessionId } = await startSession(opened.store);
    const late = seal(sessionId, 2, posted('too late')) as [EventEnvelope];
    const [[small]] = creations(1) as [[EventEnvelope]];
    const large: [EventEnvelope] = [{ ...small, actor: 'x'.repeat(9_000_000) }];
    const good = creations(200);
    const all = [...good.slice(0, 120), late, large, ...good.slice(120)];
    const settled = await Promise.allSettled(all.map(append));
    const refused = settled
      .filter((result) => result.status === 'rejected')
      .map(({ reason }) => (reason as { code: string }).code);
    expect(refused).toEqual(['concurrent_write', 'event_too_large']);
  });

  it('let one of many writers of the same session win', async () => {
    const { sessionId, sequence } = await startSession(opened.store);
    const writers = Array.from({ length: 100 }, () =>
      opened.store.append(sessionId, seal(sessionId, 2, posted('mine')), sequence),
    );
    const settled = await Promise.allSettled(writers);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are stored once each when the server is killed in between', async () => {
    const events = creations(400);
    const appends = events.map(append);
    await Promise.race(appends);
    await nats.kill9();
    await nats.restart();
    await Promise.all(appends);
    for (const first of events) {
      expect(ids(await opened.store.read(first[0].subject))).toEqual(ids(first));
    }
  });
});
