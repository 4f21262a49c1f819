import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { event, planRemix, type EventEnvelope, type RemixRequest } from '#domain';
import type { EventStore, RecordedEvent } from '../event-store.js';
import {
  created,
  ids,
  newSessionId,
  posted,
  seal,
  startSession,
  take,
  turn,
  type Subject,
} from './fixtures.js';

const remixOf = (sourceId: string): RemixRequest => ({
  sourceId,
  at: undefined,
  parts: { messages: true, data: true, code: true, secrets: false },
  overrides: { name: 'quiet-otter-43', created_by: 'user:ada' },
  composePrompt: () => 'You work in /session.',
  secrets: {},
  newId: randomUUID,
});

/** Replays a source into a new session. */
async function remix(
  store: EventStore,
  sourceId: string,
): Promise<{ sessionId: string; events: EventEnvelope[] }> {
  const history = (await store.read(sourceId)).map(({ event }) => event);
  const sessionId = newSessionId();
  const plan = planRemix(history, remixOf(sourceId));
  const events = seal(sessionId, 1, ...plan.map((planned) => planned.event)).map((envelope, index) => ({
    ...envelope,
    causationid: plan[index]?.causationid,
  }));
  await store.append(sessionId, events, 0);
  return { sessionId, events };
}

export function describeReading(subject: Subject): void {
  it('reads what was appended, with sequence and time', async () => {
    const { store } = subject();
    const before = Date.now() / 1000 - 1;
    const { sessionId, events, sequence } = await startSession(store, 'hello', 'Grüße, 世界 🦦');
    const stored = await store.read(sessionId);
    expect(stored.map(({ event }) => event)).toEqual(events);
    expect(stored.map((entry) => entry.sequence)).toEqual([sequence - 2, sequence - 1, sequence]);
    for (const { storedAt } of stored) expect(storedAt).toBeGreaterThan(before);

    expect(await store.read(sessionId, { fromSequence: sequence - 1 })).toEqual(stored.slice(1));
    expect(await store.last(sessionId)).toEqual(stored[2]);
    expect(await store.at(sequence - 1)).toEqual(stored[1]);
  });

  it('reads a long history, from anywhere', async () => {
    const { store } = subject();
    const contents = Array.from({ length: 2450 }, (_, n) => `message ${n}`);
    const { sessionId, events, sequence } = await startSession(store, ...contents);
    const stored = await store.read(sessionId);
    expect(stored.map(({ event }) => event)).toEqual(events);
    expect(await store.read(sessionId, { fromSequence: sequence - 300 })).toEqual(stored.slice(-301));
  });

  it('scans what is there after a position, of all or of one session, and ends', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    const first = await startSession(store, ...Array<string>(700).fill('first'));
    const second = await startSession(store, 'second');
    const { signal } = new AbortController();
    const scan = async (after: number, sessionId?: string) => {
      const seen: RecordedEvent[] = [];
      for await (const batch of store.scan({ after, sessionId, signal })) seen.push(...batch);
      return seen;
    };
    const [ofFirst, ofSecond] = [await store.read(first.sessionId), await store.read(second.sessionId)];
    expect(await scan(lastSequence)).toEqual([...ofFirst, ...ofSecond]);
    expect(await scan(first.sequence - 2, first.sessionId)).toEqual(ofFirst.slice(-2));
    expect(await scan(second.sequence)).toEqual([]);
    expect(await scan(second.sequence + 1000)).toEqual([]);
  });

  it('ends a scan when the signal aborts', async () => {
    const { store } = subject();
    const { lastSequence } = await store.info();
    await startSession(store, ...Array<string>(700).fill('first'));
    const abort = new AbortController();
    const batches: RecordedEvent[][] = [];
    for await (const batch of store.scan({ after: lastSequence, signal: abort.signal })) {
      batches.push(batch);
      abort.abort();
    }
    expect(batches).toHaveLength(1);
  });

  it('knows nothing of a session that never was', async () => {
    const { store } = subject();
    expect(await store.read(newSessionId())).toEqual([]);
    expect(await store.last(newSessionId())).toBeUndefined();
    expect(await store.at(1_000_000)).toBeUndefined();
  });

  it('tells which log it is and how far it goes', async () => {
    const { store } = subject();
    const before = await store.info();
    const { sequence } = await startSession(store, 'hello');
    const after = await store.info();
    expect(after).toEqual({ ...after, created: before.created, lastSequence: sequence });
    expect(after.events).toBe(before.events + 2);
    expect(after.bytes).toBeGreaterThan(before.bytes);
    expect(Date.parse(after.created)).not.toBeNaN();
    expect(after.firstSequence).toBeGreaterThan(0);
  });

  it('gives large data back byte for byte on every way of reading', async () => {
    const { store } = subject();
    const sessionId = newSessionId();
    const large = posted('🦦'.repeat(100_000));
    const events = seal(sessionId, 1, created(), large, posted('small'), large);
    const { sequence } = await store.append(sessionId, events, 0);

    const stored = await store.read(sessionId);
    expect(stored.map(({ event }) => event)).toEqual(events);
    expect(await store.last(sessionId)).toEqual(stored[3]);
    expect(await store.at(sequence - 2)).toEqual(stored[1]);
    const { signal } = new AbortController();
    expect(await take(store.follow({ after: sequence - 4, sessionId, signal }), 4)).toEqual(stored);
  });

  it('finds a version that is missing', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store);
    await store.append(sessionId, seal(sessionId, 3, posted('version 2 is lost')), sequence);
    await expect(store.read(sessionId)).rejects.toMatchObject({ name: 'LogError', code: 'log_corrupt' });
  });

  it.each([3, 300])(
    'remixes a session of %i turns: new ids, provenance, the source untouched',
    async (turns) => {
      const { store } = subject();
      const sourceId = newSessionId();
      const talk = Array.from({ length: turns }, (_, n) => turn(`question ${n}`, `answer ${n}`)).flat();
      const unanswered = posted('not answered yet');
      await store.append(sourceId, seal(sourceId, 1, created(), ...talk, unanswered), 0);
      const source = await store.read(sourceId);

      const { sessionId, events } = await remix(store, sourceId);
      const copy = await store.read(sessionId);
      expect(copy.map(({ event }) => event)).toEqual(events);
      expect(copy).toHaveLength(turns * 4 + 2);
      expect(copy.at(-1)?.event.type).toBe('session.remixed');

      const known = new Set(ids(source));
      expect(ids(copy).filter((id) => known.has(id))).toEqual([]);
      const causes = copy.slice(1, -1).map(({ event }) => event.causationid);
      expect(causes).toEqual(ids(source.slice(1, -1)));
      expect(await store.read(sourceId)).toEqual(source);
    },
  );

  it('keeps the remix of a source that is erased later, its large data too', async () => {
    const { store } = subject();
    const sourceId = newSessionId();
    const events = seal(sourceId, 1, created(), ...turn('x'.repeat(100_000), 'y'));
    const { sequence } = await store.append(sourceId, events, 0);
    const { sessionId, events: copied } = await remix(store, sourceId);
    const [end] = seal(sourceId, events.length + 1, event('session.erased', {}));
    await store.erase(sourceId, end as EventEnvelope, sequence);
    expect((await store.read(sessionId)).map(({ event }) => event)).toEqual(copied);
  });
}
