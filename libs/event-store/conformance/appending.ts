import { expect, it } from '@jest/globals';
import { event, type EventEnvelope } from '#domain';
import { ConcurrencyError } from '../event-store.js';
import {
  created,
  ids,
  newSessionId,
  posted,
  seal,
  startSession,
  versions,
  type Subject,
} from './fixtures.js';

const tombstone = (sessionId: string, version: number) =>
  seal(sessionId, version, event('session.erased', {}))[0] as EventEnvelope;

const outcomes = async (appends: Promise<unknown>[]) => {
  const settled = await Promise.allSettled(appends);
  const refused = settled.filter((result) => result.status === 'rejected');
  for (const { reason } of refused) expect(reason).toBeInstanceOf(ConcurrencyError);
  return { won: settled.length - refused.length };
};

export function describeAppending(subject: Subject): void {
  it('lets exactly one of many concurrent writers win', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store);
    const appends = Array.from({ length: 20 }, (_, writer) =>
      store.append(sessionId, seal(sessionId, 2, posted(`from writer ${writer}`)), sequence),
    );
    expect(await outcomes(appends)).toEqual({ won: 1 });
    expect(versions(await store.read(sessionId))).toEqual([1, 2]);
  });

  it('lets exactly one of many concurrent creations win', async () => {
    const { store } = subject();
    const sessionId = newSessionId();
    const appends = Array.from({ length: 20 }, () =>
      store.append(sessionId, seal(sessionId, 1, created()), 0),
    );
    expect(await outcomes(appends)).toEqual({ won: 1 });
  });

  it('refuses a position that the session has not reached, and one it has left', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store, 'hello');
    for (const position of [0, sequence - 1, sequence + 1000]) {
      const append = store.append(sessionId, seal(sessionId, 3, posted('again')), position);
      await expect(append).rejects.toMatchObject({ name: 'ConcurrencyError', code: 'concurrent_write' });
    }
  });

  it('takes several events all or none', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store);
    const batches = Array.from({ length: 8 }, () =>
      seal(sessionId, 2, posted('one'), posted('two'), posted('three')),
    );
    const appends = batches.map((batch) => store.append(sessionId, batch, sequence));
    expect(await outcomes(appends)).toEqual({ won: 1 });
    const [, ...rest] = ids(await store.read(sessionId));
    expect(batches.map(ids)).toContainEqual(rest);
  });

  it.each([1, 2, 3])('answers a retry of %i events as a duplicate, right away and later', async (count) => {
    const { store, ...log } = subject();
    const { sessionId, sequence } = await startSession(store);
    const events = seal(sessionId, 2, ...Array.from({ length: count }, () => posted('once')));
    const first = await store.append(sessionId, events, sequence);
    expect(first.duplicate).toBe(false);
    const again = { sequence: first.sequence, duplicate: true };
    expect(await store.append(sessionId, events, sequence)).toEqual(again);

    await log.forgetIds();
    expect(await store.append(sessionId, events, sequence)).toEqual(again);
    await store.append(sessionId, seal(sessionId, 2 + count, posted('after')), first.sequence);
    expect(await store.append(sessionId, events, sequence)).toEqual(again);
    expect(await store.read(sessionId)).toHaveLength(count + 2);
  });

  it('does not take another list that begins alike for a retry', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store);
    const events = seal(sessionId, 2, posted('one'), posted('two'));
    await store.append(sessionId, events.slice(0, 1), sequence);
    await expect(store.append(sessionId, events, sequence)).rejects.toBeInstanceOf(ConcurrencyError);
  });

  it('takes more events than one batch holds, and a retry of them', async () => {
    const { store } = subject();
    const sessionId = newSessionId();
    const events = seal(
      sessionId,
      1,
      created(),
      ...Array.from({ length: 2400 }, (_, n) => posted(`message ${n}`)),
    );
    const { sequence, duplicate } = await store.append(sessionId, events, 0);
    expect(duplicate).toBe(false);
    expect(await store.append(sessionId, events, 0)).toEqual({ sequence, duplicate: true });
    const stored = await store.read(sessionId);
    expect(ids(stored)).toEqual(ids(events));
    expect(stored.at(-1)?.sequence).toBe(sequence);
  });

  it('goes on where an append of many events was cut off', async () => {
    const { store } = subject();
    const sessionId = newSessionId();
    const events = seal(
      sessionId,
      1,
      created(),
      ...Array.from({ length: 1500 }, (_, n) => posted(`message ${n}`)),
    );
    await store.append(sessionId, events.slice(0, 1000), 0);
    await store.append(sessionId, events, 0);
    expect(ids(await store.read(sessionId))).toEqual(ids(events));
  });

  it('replaces an erased history by its tombstone, and never begins it anew', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store, 'secret', 'more');
    const end = tombstone(sessionId, 4);
    const stale = store.erase(sessionId, tombstone(sessionId, 3), sequence - 1);
    await expect(stale).rejects.toBeInstanceOf(ConcurrencyError);

    const erased = await store.erase(sessionId, end, sequence);
    expect(await store.erase(sessionId, end, sequence)).toEqual({ ...erased, duplicate: true });
    expect(ids(await store.read(sessionId))).toEqual([end.id]);
    expect(await store.at(sequence)).toBeUndefined();
    const recreated = store.append(sessionId, seal(sessionId, 1, created()), 0);
    await expect(recreated).rejects.toBeInstanceOf(ConcurrencyError);
  });

  it('refuses ids that are no single token, and empty lists', async () => {
    const { store } = subject();
    for (const id of ['', 'a.b', '*', '>', 'a b', 'x'.repeat(65)]) {
      await expect(store.append(id, seal(id, 1, created()), 0)).rejects.toBeInstanceOf(RangeError);
      await expect(store.read(id)).rejects.toBeInstanceOf(RangeError);
    }
    await expect(store.append(newSessionId(), [], 0)).rejects.toBeInstanceOf(RangeError);
  });
}
