import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { EventEnvelope, EventType } from '#domain';
import type { ConsumeOptions, Delivery, EventStore } from '../event-store.js';
import { posted, seal, startSession, type Subject } from './fixtures.js';

type Handler = (delivery: Delivery, stop: () => void) => Promise<void> | void;

/** Consumes with a name of its own until the handler stops it; only this session's events reach the handler. */
async function work(
  store: EventStore,
  options: Partial<ConsumeOptions> & { sessionId: string },
  handle: Handler,
): Promise<void> {
  const abort = new AbortController();
  await store.consume({
    durable: randomUUID(),
    types: new Set<EventType>(['message.posted']),
    concurrency: 4,
    signal: abort.signal,
    ...options,
    handle: async (delivery) => {
      if (delivery.event.subject === options.sessionId) await handle(delivery, () => abort.abort());
    },
  });
}

export function describeConsuming(subject: Subject): void {
  it('delivers events of the wanted types, each once when all goes well', async () => {
    const { store } = subject();
    const { sessionId } = await startSession(store, 'a', 'b', 'c');
    const seen: Delivery[] = [];
    await work(store, { sessionId }, (delivery, stop) => {
      seen.push(delivery);
      if (seen.length === 3) stop();
    });
    const expected = (await store.read(sessionId)).slice(1).map((recorded) => ({ ...recorded, attempt: 1 }));
    expect(seen.sort((a, b) => a.sequence - b.sequence)).toEqual(expected);
  });

  it('delivers again what a handler failed on, and tells', async () => {
    const { store } = subject();
    const { sessionId } = await startSession(store, 'flaky', 'fine');
    const attempts: number[] = [];
    const failures: string[] = [];
    const onFailure: ConsumeOptions['onFailure'] = (error, { attempt }) =>
      failures.push(`${String(error)} ${attempt}`);
    await work(store, { sessionId, onFailure }, ({ event, attempt }, stop) => {
      if (event.type !== 'message.posted' || event.data.content !== 'flaky') return;
      attempts.push(attempt);
      if (attempt < 3) throw new Error('not yet');
      stop();
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(failures).toEqual(['Error: not yet 1', 'Error: not yet 2']);
  });

  it('goes on where the last worker of that name stopped', async () => {
    const { store } = subject();
    const durable = randomUUID();
    const { sessionId, sequence } = await startSession(store, 'a', 'b');
    let count = 0;
    await work(store, { sessionId, durable }, (_, stop) => {
      count += 1;
      if (count === 2) stop();
    });
    await store.append(sessionId, seal(sessionId, 4, posted('c')), sequence);
    const seen: unknown[] = [];
    await work(store, { sessionId, durable }, ({ event }, stop) => {
      seen.push(event.data);
      stop();
    });
    expect(seen).toMatchObject([{ content: 'c' }]);
  });

  it('begins a new name after a position, and misses nothing that is appended at that very moment', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store, 'before');
    const { lastSequence } = await store.info();
    const durable = randomUUID();
    const seen: number[] = [];
    const options = { sessionId, durable, startAfter: lastSequence };
    // Before, while and after the durable is made.
    const events = seal(sessionId, 3, ...Array.from({ length: 30 }, (_, n) => posted(`${n}`)));
    let position = (await store.append(sessionId, events.slice(0, 1), sequence)).sequence;
    const consuming = work(store, options, (delivery, stop) => {
      seen.push(delivery.sequence);
      if (seen.length === events.length) stop();
    });
    for (const event of events.slice(1))
      position = (await store.append(sessionId, [event], position)).sequence;
    await consuming;
    const expected = (await store.read(sessionId)).slice(2).map((recorded) => recorded.sequence);
    expect(seen.sort((a, b) => a - b)).toEqual(expected);
  });

  it.each([0, 1_000_000])('goes on where a name stopped, also with a start after %i', async (startAfter) => {
    const { store } = subject();
    const durable = randomUUID();
    const { lastSequence } = await store.info();
    const { sessionId, sequence } = await startSession(store, 'a');
    await work(store, { sessionId, durable, startAfter: lastSequence }, (_, stop) => stop());
    await store.append(sessionId, seal(sessionId, 3, posted('b')), sequence);
    const seen: unknown[] = [];
    await work(store, { sessionId, durable, startAfter }, ({ event }, stop) => {
      seen.push(event.data);
      stop();
    });
    expect(seen).toMatchObject([{ content: 'b' }]);
  });

  it('begins at the end of the log when the position is beyond it', async () => {
    const { store } = subject();
    const { sessionId, sequence } = await startSession(store);
    const seen: number[] = [];
    const startAfter = sequence + 1_000;
    const consuming = work(store, { sessionId, startAfter }, (delivery, stop) => {
      seen.push(delivery.sequence);
      stop();
    });
    let position = sequence;
    for (let version = 2; seen.length === 0 && version < 200; version++) {
      const [event] = seal(sessionId, version, posted('early'));
      ({ sequence: position } = await store.append(sessionId, [event as EventEnvelope], position));
    }
    await consuming;
    expect(seen[0]).toBeLessThan(startAfter);
  });

  it('shares the work among workers of one name, within their concurrency', async () => {
    const { store } = subject();
    const { sessionId } = await startSession(store, ...Array.from({ length: 12 }, (_, n) => `${n}`));
    const abort = new AbortController();
    const options = { sessionId, durable: randomUUID(), concurrency: 2, signal: abort.signal };
    const bothBusy = Promise.withResolvers<void>();
    const seen: number[] = [];
    const busy = new Map<string, number>();
    const worker = (name: string) =>
      work(store, options, async ({ sequence }) => {
        const own = (busy.get(name) ?? 0) + 1;
        busy.set(name, own);
        expect(own).toBeLessThanOrEqual(2);
        if (busy.size === 2) bothBusy.resolve();
        await bothBusy.promise;
        busy.set(name, (busy.get(name) ?? 0) - 1);
        seen.push(sequence);
        if (seen.length === 12) abort.abort();
      });
    await Promise.all([worker('a'), worker('b')]);
    expect(new Set(seen).size).toBe(12);
  });

  it('says what a name still has to do', async () => {
    const { store } = subject();
    const durable = randomUUID();
    expect(await store.backlog(durable)).toBeUndefined();
    const { lastSequence } = await store.info();
    const { sessionId, sequence } = await startSession(store, 'a');
    const options = { sessionId, durable, startAfter: lastSequence, concurrency: 1 };
    await work(store, options, async (_, stop) => {
      expect(await store.backlog(durable)).toMatchObject({ unfinished: 1 });
      stop();
    });
    await store.append(sessionId, seal(sessionId, 3, posted('b'), posted('c')), sequence);
    let left = await store.backlog(durable);
    // What the worker said last may still be on its way.
    while (left?.unfinished !== 0) left = await store.backlog(durable);
    expect(left).toEqual({ waiting: 2, unfinished: 0 });
  });

  it('lets running handlers finish when the signal aborts', async () => {
    const { store } = subject();
    const { sessionId } = await startSession(store, 'slow');
    let finished = false;
    await work(store, { sessionId }, async (_, stop) => {
      stop();
      await new Promise((resolve) => setImmediate(resolve));
      finished = true;
    });
    expect(finished).toBe(true);
  });
}
