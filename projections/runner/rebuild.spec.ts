import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import fc from 'fast-check';
import { event } from '#domain';
import { createMemoryStore, openJetStreamStore, type EventStore, type RecordedEvent } from '#event-store';
import { unreadableProjection } from '#projections/unreadable';
import { messagesProjection } from '#projections/messages';
import { SessionQueries, sessionsProjection } from '#projections/sessions';
import { startTestNats } from '#runtime';
import {
  afterErasure,
  appendAll,
  createdData,
  HistoryWriter,
  openTestView,
  randomHistory,
  sourceWorker,
} from '../testing/index.js';
import { dump, Views, type ViewsOptions } from './index.js';

const projections = [sessionsProjection, messagesProjection, unreadableProjection];
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let dir: string;
let open: Views[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'raworc-views-'));
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((views) => views.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function start(log: EventStore, changes: Partial<ViewsOptions> = {}): Promise<Views> {
  const views = await Views.open({ log, dir, projections, logger: silent, ...changes });
  open.push(views);
  return views;
}

async function caughtUp(views: Views, log: EventStore): Promise<void> {
  expect(await views.waitFor((await log.info()).lastSequence, 10_000)).toBe(true);
}

const dumped = () => [...dump(join(dir, 'views.db'))].join('');

function sessionNamed(name: string): RecordedEvent[] {
  const { event: envelope, ...place } = new HistoryWriter().add(
    name,
    event('session.created', createdData({ name })),
  );
  return [{ ...place, event: { ...envelope, id: randomUUID() } }];
}

/** The same numbers in every run. */
function seeded(seed: number) {
  let state = seed;
  return (n: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

function viewOf(history: readonly RecordedEvent[], sizes: () => number): string {
  const view = openTestView(...projections);
  try {
    let begin = 0;
    while (begin < history.length) {
      const end = begin + sizes();
      // Each batch repeats the end of the one before.
      view.apply(history.slice(Math.max(0, begin - 2), end));
      begin = end;
    }
    return view.dump();
  } finally {
    view.remove();
  }
}

it('does not matter for the views how the log was cut into batches, or what was erased from it since', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const dice = (n: number) => Number(numbers.next().value) % n;
      const history = randomHistory(dice, 5, 120);
      const incremental = viewOf(history, () => 1 + dice(9));
      expect(viewOf(history, () => 1_000)).toBe(incremental);
      expect(viewOf(afterErasure(history), () => 1 + dice(50))).toBe(incremental);
    }),
    { numRuns: 20 },
  );
});

describe.each([
  ['this thread', async () => undefined],
  ['a worker thread', sourceWorker],
])('a rebuild in %s', (_where, workerFor) => {
  async function rebuildable(seed: number, sessions: number, events: number) {
    const { store } = createMemoryStore();
    await appendAll(store, randomHistory(seeded(seed), sessions, events));
    const views = await start(store, { rebuildWorker: await workerFor(store, dir) });
    await caughtUp(views, store);
    return { store, views };
  }

  it('equals the incremental views byte for byte, and goes on from there', async () => {
    const { store, views } = await rebuildable(1, 100, 3_000);
    const before = dumped();
    expect(before.length).toBeGreaterThan(5_000);
    // The worker does not know of this one: the last events are caught up with in the take-over.
    await appendAll(store, sessionNamed('meanwhile'));
    const { sequence } = await views.rebuild();
    expect(sequence).toBe((await store.info()).lastSequence);
    expect(dumped().split('\n')).toEqual(expect.arrayContaining(before.split('\n')));
    await appendAll(store, sessionNamed('later'));
    await caughtUp(views, store);
    const queries = new SessionQueries(views.reader);
    expect(queries.resolve('meanwhile')).toMatchObject({ found: { id: 'meanwhile' } });
    expect(queries.resolve('later')).toMatchObject({ found: { id: 'later' } });
  });

  it('answers queries meanwhile, and never goes back', async () => {
    const { views } = await rebuildable(2, 20, 3_000);
    const queries = new SessionQueries(views.reader);
    const expected = queries.countAll();
    const positions: number[] = [];
    let running = true;
    const rebuilt = views.rebuild().finally(() => (running = false));
    while (running) {
      expect(queries.countAll()).toBe(expected);
      positions.push(views.position());
      await setImmediate();
    }
    await rebuilt;
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect(existsSync(join(dir, 'views.rebuild.db'))).toBe(false);
  });

  it('is given up at once when the views are closed', async () => {
    const { views } = await rebuildable(3, 10, 500);
    const rebuilt = views.rebuild();
    await Promise.all([expect(rebuilt).rejects.toThrow(), views.close()]);
    expect(existsSync(join(dir, 'views.rebuild.db'))).toBe(false);
  });
});

it('does not wait for messages at the end of the log that are gone', async () => {
  const nats = await startTestNats();
  try {
    const opened = await openJetStreamStore(await nats.connection());
    await appendAll(opened.store, [...sessionNamed('kept'), ...sessionNamed('gone')]);
    const jsm = await jetstreamManager(await nats.connection());
    await jsm.streams.purge('RAWORC_SESSIONS', { filter: 'raworc.sessions.gone' });
    const views = await start(opened.store);
    expect(await views.caughtUp(10_000)).toBe(true);
    const before = dumped();
    expect(await views.rebuild()).toMatchObject({ sequence: 1 });
    expect(dumped()).toBe(before);
    await views.close();
    opened.close();
  } finally {
    await nats.stop();
  }
});

it('equals the incremental views on the real log too', async () => {
  const nats = await startTestNats();
  try {
    const connection = await nats.connection();
    const opened = await openJetStreamStore(connection);
    const history = randomHistory(seeded(5), 6, 150);
    await appendAll(opened.store, history.slice(0, 100));
    const views = await start(opened.store);
    await caughtUp(views, opened.store);
    await appendAll(opened.store, history.slice(100));
    await caughtUp(views, opened.store);
    const before = dumped();
    await views.rebuild();
    expect(dumped()).toBe(before);
    await views.close();
    opened.close();
  } finally {
    await nats.stop();
  }
});
