import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { KeptItem } from '../event-store.js';
import { newSessionId, take, type Subject } from './fixtures.js';

const newName = () => `otter-${randomUUID()}`;

export function describeRegistering(subject: Subject): void {
  it('gives a name to exactly one of many who claim it', async () => {
    const { names } = subject();
    const name = newName();
    const sessions = Array.from({ length: 10 }, newSessionId);
    const claims = await Promise.all(sessions.map((id) => names.claim(name, id)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const winner = sessions[claims.indexOf(true)] as string;
    expect(await names.holder(name)).toEqual({ sessionId: winner, claimedAt: expect.any(Number) });
    expect(await names.claim(name, winner)).toBe(true);
  });

  it('frees a name for others only when its holder releases it', async () => {
    const { names } = subject();
    const [name, holder, other] = [newName(), newSessionId(), newSessionId()];
    await names.claim(name, holder);
    await names.release(name, other);
    expect(await names.claim(name, other)).toBe(false);
    await names.release(name, holder);
    expect(await names.holder(name)).toBeUndefined();
    expect(await names.claim(name, other)).toBe(true);
  });

  it('lets one session take over a name from a holder that is gone', async () => {
    const { names } = subject();
    const [name, gone] = [newName(), newSessionId()];
    await names.claim(name, gone);
    expect(await names.takeOver(name, newSessionId(), newSessionId())).toBe(false);
    const heirs = Array.from({ length: 5 }, newSessionId);
    const taken = await Promise.all(heirs.map((id) => names.takeOver(name, id, gone)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('purges what is kept for one session, and nothing of another', async () => {
    const { store, attachments } = subject();
    const [gone, stays] = [newSessionId(), newSessionId()];
    const bytes = new TextEncoder().encode('a picture');
    const digests = await Promise.all([gone, stays].map((id) => attachments.put(id, bytes)));
    await store.purge(gone);
    await store.purge(gone);
    expect(await attachments.get(gone, digests[0] ?? '')).toBeUndefined();
    expect(await attachments.get(stays, digests[1] ?? '')).toEqual(bytes);
  });

  it('gives an idempotency key to one of many claims, until it is released', async () => {
    const { claims } = subject();
    const key = `user: "${randomUUID()}" *.>`;
    const wanted = Array.from({ length: 10 }, () => ({ hash: 'h', sessionId: newSessionId() }));
    const made = await Promise.all(wanted.map((claim) => claims.claim(key, claim)));
    const winners = made.flatMap(({ first }, index) => (first ? [wanted[index]] : []));
    expect(winners).toHaveLength(1);
    expect(made.map(({ claim }) => claim)).toEqual(wanted.map(() => winners[0]));
    const settled = { hash: 'h', sessionId: newSessionId(), settled: { version: 1, sequence: 2 } };
    await claims.settle(key, settled);
    expect(await claims.claim(key, { hash: 'i', sessionId: 'x' })).toEqual({ first: false, claim: settled });
    await claims.release(key);
    expect(await claims.claim(key, { hash: 'i', sessionId: 'x' })).toMatchObject({ first: true });
  });

  it('keeps a key until it is destroyed, and then for ever not', async () => {
    const { keys } = subject();
    const sessionId = newSessionId();
    expect(await keys.get(sessionId)).toBeUndefined();
    await keys.create(sessionId, 'wrapped');
    await keys.create(sessionId, 'wrapped');
    await expect(keys.create(sessionId, 'other')).rejects.toThrow('never replaced');
    expect(await keys.get(sessionId)).toBe('wrapped');
    await keys.delete(sessionId);
    await keys.delete(sessionId);
    expect(await keys.get(sessionId)).toBeUndefined();
    await expect(keys.create(sessionId, 'wrapped')).rejects.toThrow('never replaced');
  });

  it('keeps attachments by session and content', async () => {
    const { attachments } = subject();
    const [one, two] = [newSessionId(), newSessionId()];
    const picture = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    const sha256 = await attachments.put(one, picture);
    expect(await attachments.put(one, picture)).toBe(sha256);
    expect(Buffer.compare((await attachments.get(one, sha256)) ?? Buffer.of(), picture)).toBe(0);
    expect(await attachments.get(two, sha256)).toBeUndefined();
    expect(await attachments.get(one, '../secret')).toBeUndefined();
    await attachments.copy(one, two, [sha256, sha256, '0'.repeat(64)]);
    expect(await attachments.get(two, sha256)).toHaveLength(200_000);
  });

  it('lists part by part for whom something is kept, until it is purged', async () => {
    const { attachments, store } = subject();
    const sessions = [newSessionId(), newSessionId(), newSessionId()];
    const began = Date.now() / 1000;
    for (const sessionId of sessions) await attachments.put(sessionId, new TextEncoder().encode(sessionId));
    const all = async () => {
      const seen: KeptItem[] = [];
      for (let place = 0; ;) {
        const { items, next } = await store.kept(place, 2);
        expect(items.length).toBeLessThanOrEqual(2);
        seen.push(...items.filter(({ sessionId }) => sessions.includes(sessionId)));
        if (next === 0) return seen;
        place = next;
      }
    };
    const kept = await all();
    expect(kept.map(({ sessionId }) => sessionId)).toEqual(sessions);
    for (const { storedAt } of kept) expect(Math.abs(storedAt - began)).toBeLessThan(60);
    await store.purge(sessions[1] ?? '');
    expect((await all()).map(({ sessionId }) => sessionId)).toEqual([sessions[0], sessions[2]]);
  });

  it('carries signals to everybody who listens to the topic', async () => {
    const { signals } = subject();
    const topic = `session.${newSessionId()}`;
    const abort = new AbortController();
    const listeners = [signals.subscribe(topic, abort.signal), signals.subscribe(topic, abort.signal)];
    const other = signals.subscribe(`${topic}.other`, abort.signal);
    for (const text of ['a', 'b', 'c']) signals.publish(topic, { text });
    const heard = await Promise.all(listeners.map((listener) => take(listener, 3)));
    expect(heard).toEqual(Array(2).fill([{ text: 'a' }, { text: 'b' }, { text: 'c' }]));

    const silent = other[Symbol.asyncIterator]().next();
    abort.abort();
    expect(await silent).toEqual({ done: true, value: undefined });
    expect(() => signals.publish('a.*', {})).toThrow(RangeError);
  });
}
