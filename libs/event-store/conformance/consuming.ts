import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { EventType } from '#domain';
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
