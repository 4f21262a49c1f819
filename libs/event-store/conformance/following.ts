import { expect, it } from '@jest/globals';
import { event, type EventEnvelope } from '#domain';
import type { RecordedEvent } from '../event-store.js';
import { posted, seal, startSession, take, type Subject } from './fixtures.js';

export function describeFollowing(subject: Subject): void {
  it('follows everything after a position, then live', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    const first = await startSession(store, 'a', 'b');
    const { signal } = new AbortController();
    const seen: RecordedEvent[] = [];
    for await (const recorded of store.follow({ after: lastSequence + 1, signal })) {
      seen.push(recorded);
      if (seen.length === 2) await startSession(store, 'live');
      if (seen.length === 4) break;
    }
    expect(seen.map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5].map((n) => lastSequence + n));
    expect(seen.slice(0, 2)).toEqual((await store.read(first.sessionId)).slice(1));
  });

  it('follows one session only', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    const mine = await startSession(store, 'mine');
    await startSession(store, 'not mine');
    await store.append(mine.sessionId, seal(mine.sessionId, 3, posted('mine, too')), mine.sequence);
    const { signal } = new AbortController();
    const seen = await take(store.follow({ after: lastSequence, sessionId: mine.sessionId, signal }), 3);
    expect(seen).toEqual(await store.read(mine.sessionId));
  });

  it('ends when the signal aborts, while waiting and while events are there', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    await startSession(store, 'a', 'b', 'c');
    const abort = new AbortController();
    const seen: number[] = [];
    for await (const { sequence } of store.follow({ after: lastSequence, signal: abort.signal })) {
      seen.push(sequence);
      if (seen.length === 2) abort.abort();
    }
    expect(seen).toHaveLength(2);

    const waiting = new AbortController();
    const follower = store.follow({ after: (await store.info()).lastSequence, signal: waiting.signal });
    const next = follower[Symbol.asyncIterator]().next();
    waiting.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('follows in batches of bounded size, without waiting to fill them', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    const { sessionId } = await startSession(store, ...Array.from({ length: 24 }, (_, n) => `${n}`));
    const { signal } = new AbortController();
    const seen: RecordedEvent[] = [];
    for await (const batch of store.followBatches({ after: lastSequence, signal, maxBatch: 10 })) {
      expect(batch.length).toBeGreaterThan(0);
      expect(batch.length).toBeLessThanOrEqual(10);
      seen.push(...batch);
      if (seen.length === 25) break;
    }
    expect(seen).toEqual(await store.read(sessionId));
  });

  it('refuses to go on after a position that the log does not have', async () => {
    const { store } = subject();
    const { sequence } = await startSession(store, 'last');
    const { signal } = new AbortController();
    const beyond = store.follow({ after: sequence + 1, signal });
    await expect(take(beyond, 1)).rejects.toMatchObject({
      code: 'cursor_invalid',
      message: expect.stringContaining(`ends at sequence ${sequence}`),
    });
    const atEnd = take(store.follow({ after: sequence, signal }), 1);
    await startSession(store);
    expect((await atEnd)[0]?.sequence).toBe(sequence + 1);
  });

  it('skips what was erased before it was seen', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    const { sessionId, sequence } = await startSession(store, 'secret');
    const [end] = seal(sessionId, 3, event('session.erased', {}));
    await store.erase(sessionId, end as EventEnvelope, sequence);
    const { signal } = new AbortController();
    const [seen] = await take(store.follow({ after: lastSequence, signal }), 1);
    expect(seen?.event).toEqual(end);
  });
}
