import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { event } from '#domain';
import { createMemoryStore, type EventStore, type RecordedEvent } from '#event-store';
import { appendAll, counter, createdData, HistoryWriter, sourceWorker } from '../testing/index.js';
import { dump, Views, type Projection, type ViewsOptions } from './index.js';

interface Line {
  level: string;
  message: string;
  fields: object;
}

let dir: string;
let store: EventStore;
let lines: Line[];
let open: Views[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'raworc-views-'));
  ({ store } = createMemoryStore());
  lines = [];
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((views) => views.close()));
  rmSync(dir, { recursive: true, force: true });
});

const write = (level: string) => (fields: object, message: string) =>
  void lines.push({ level, message, fields });
const logger = { info: write('info'), warn: write('warn'), error: write('error') };

async function start(changes: Partial<ViewsOptions> = {}): Promise<Views> {
  const options = { log: store, dir, projections: [counter], logger, ...changes };
  const views = await Views.open(options);
  open.push(views);
  return views;
}

/** Sessions a, b, … with one event each. */
function created(...ids: string[]): RecordedEvent[] {
  const writer = new HistoryWriter();
  for (const id of ids) writer.add(id, event('session.created', createdData()));
  return writer.recorded;
}

const counts = (views: Views) =>
  views.reader
    .query<[], { session_id: string; events: number }>('SELECT * FROM counts ORDER BY session_id')
    .all();
const dumped = () => [...dump(join(dir, 'views.db'))].join('');

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

describe('following the log', () => {
  it('applies what is there and what comes, and tells when', async () => {
    await appendAll(store, created('a', 'b'));
    const views = await start();
    expect(await views.waitFor(2, 5_000)).toBe(true);
    const applied: number[] = [];
    const stop = views.onApplied((sequence) => applied.push(sequence));
    await appendAll(store, created('c'));
    expect(await views.waitFor(3, 5_000)).toBe(true);
    expect(counts(views)).toHaveLength(3);
    expect(applied).toEqual([3]);
    expect(views.health()).toEqual({ status: 'live', sequence: 3 });
    expect(await views.lag()).toBe(0);
    stop();
    await appendAll(store, created('d'));
    await views.waitFor(4, 5_000);
    expect(applied).toEqual([3]);
  });

  it('answers false when an event is not there by the deadline, and when it is closed', async () => {
    const views = await start();
    expect(await views.waitFor(1, 1)).toBe(false);
    const waiting = views.waitFor(1, 60_000);
    await views.close();
    expect(await waiting).toBe(false);
    expect(views.health().status).toBe('stopped');
    open = [];
  });

  it('keeps its file to the owner', async () => {
    await appendAll(store, created('a'));
    const views = await start({ dir: join(dir, 'made') });
    await views.waitFor(1, 5_000);
    const modes = ['', '/views.db', '/views.db-wal'].map(
      (path) => statSync(join(dir, 'made') + path).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  it('goes on after a listener that fails', async () => {
    const views = await start();
    views.onApplied(() => {
      throw new Error('broken listener');
    });
    await appendAll(store, created('a'));
    expect(await views.waitFor(1, 5_000)).toBe(true);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('tries again when the log fails for a while', async () => {
    let failures = 1;
    const flaky: EventStore = {
      ...store,
      followBatches(options) {
        if (failures-- > 0) throw new Error('no connection');
        return store.followBatches(options);
      },
    };
    await appendAll(store, created('a'));
    const views = await start({ log: flaky });
    await until(() => views.health().status === 'retrying');
    expect(views.health()).toMatchObject({ reason: 'no connection', sequence: 0 });
    expect(await views.waitFor(1, 5_000)).toBe(true);
  });
});

describe('exactly once', () => {
  it('is the same view when events are delivered twice', async () => {
    const twice: EventStore = {
      ...store,
      async *followBatches(options) {
        for await (const batch of store.followBatches(options)) {
          yield batch;
          yield batch;
        }
      },
    };
    await appendAll(store, created('a', 'b', 'c'));
    const views = await start({ log: twice });
    await views.waitFor(3, 5_000);
    await appendAll(store, created('d'));
    await views.waitFor(4, 5_000);
    expect(counts(views).map(({ events }) => events)).toEqual([1, 1, 1, 1]);
  });

  it('goes on where it stopped', async () => {
    await appendAll(store, created('a', 'b'));
    const first = await start();
    await first.waitFor(2, 5_000);
    await first.close();
    await appendAll(store, created('c'));
    const second = await start();
    expect(second.position()).toBe(2);
    await second.waitFor(3, 5_000);
    expect(counts(second).map(({ events }) => events)).toEqual([1, 1, 1]);
    expect(lines).toEqual([]);
  });

  it('refuses a file that another process moves on', async () => {
    await appendAll(store, created('a'));
    const first = await start();
    await first.waitFor(1, 5_000);
    const second = await start();
    await appendAll(store, created('b'));
    await until(() => [first, second].some((views) => views.health().status === 'retrying'));
    expect(counts(first).map(({ events }) => events)).toEqual([1, 1]);
  });
});

describe('a log that is not the one of the views', () => {
  it('is followed from its beginning when it was made anew', async () => {
    await appendAll(store, created('a', 'b'));
    await (await start()).waitFor(2, 5_000);
    await open.pop()?.close();
    await setImmediate();
    ({ store } = createMemoryStore());
    const other: EventStore = {
      ...store,
      info: async () => ({ ...(await store.info()), created: 'another day' }),
    };
    await appendAll(store, created('x', 'y', 'z'));
    const views = await start({ log: other });
    await views.waitFor(3, 5_000);
    expect(counts(views).map(({ session_id }) => session_id)).toEqual(['x', 'y', 'z']);
    expect(lines).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ reason: expect.stringContaining('made anew') }),
      }),
    );
  });

  it.each([
    ['shorter', ['x'], 'ends at 1'],
    ['grown over a lost tail', ['x', 'y', 'z'], 'the views had'],
  ])('is followed from its beginning when it is %s', async (_case, ids, reason) => {
    const { created: incarnation } = await store.info();
    await appendAll(store, created('a', 'b'));
    await (await start()).waitFor(2, 5_000);
    await open.pop()?.close();
    ({ store } = createMemoryStore());
    const truncated: EventStore = {
      ...store,
      info: async () => ({ ...(await store.info()), created: incarnation }),
    };
    const history = created(...ids).map((recorded) => ({
      ...recorded,
      event: { ...recorded.event, id: `other-${recorded.event.id}` },
    }));
    await appendAll(store, history);
    const views = await start({ log: truncated });
    await views.waitFor(ids.length, 5_000);
    expect(counts(views).map(({ session_id }) => session_id)).toEqual(ids);
    expect(lines).toContainEqual(
      expect.objectContaining({
        fields: expect.objectContaining({ reason: expect.stringContaining(reason) }),
      }),
    );
  });

  it('is noticed while following, though it gives no sign', async () => {
    await appendAll(store, created('a', 'b'));
    let current = store;
    const { created: incarnation } = await store.info();
    const crashing: EventStore = {
      ...store,
      info: async () => ({ ...(await current.info()), created: incarnation }),
      at: (sequence) => current.at(sequence),
      last: (sessionId) => current.last(sessionId),
      followBatches: (options) => current.followBatches(options),
    };
    const views = await start({ log: crashing, verifyEveryMs: 5 });
    await views.waitFor(2, 5_000);
    const { store: shorter } = createMemoryStore();
    await appendAll(shorter, created('a'));
    current = shorter;
    await until(() => views.health().status === 'live' && views.position() === 1);
    expect(counts(views)).toEqual([{ session_id: 'a', events: 1 }]);
    expect(lines).toHaveLength(1);
  });

  it('is still the same log when the last event was erased with its session', async () => {
    await appendAll(store, created('a', 'b'));
    await (await start()).waitFor(2, 5_000);
    await open.pop()?.close();
    const writer = new HistoryWriter();
    writer.add('b', event('session.created', createdData()));
    const tombstone = writer.add('b', event('session.erased', {}));
    await store.erase('b', { ...tombstone.event, id: 'tombstone' }, 2);
    const views = await start();
    expect(views.position()).toBe(2);
    await views.waitFor(3, 5_000);
    expect(lines).toEqual([]);
  });
});

describe('the file', () => {
  const reopened = async (changes: Partial<ViewsOptions> = {}) => {
    const views = await start(changes);
    await views.waitFor(2, 5_000);
    return views;
  };

  it('is built anew when a projection has another version', async () => {
    await appendAll(store, created('a', 'b'));
    await (await reopened()).close();
    const views = await reopened({ projections: [{ ...counter, version: 2 }] });
    expect(counts(views)).toHaveLength(2);
    expect(lines).toHaveLength(1);
  });

  it('is built anew when it is damaged', async () => {
    await appendAll(store, created('a', 'b'));
    await (await reopened()).close();
    writeFileSync(join(dir, 'views.db'), 'not a database at all, but long enough to be looked at as one');
    const views = await reopened();
    expect(counts(views)).toHaveLength(2);
    expect(lines).toHaveLength(1);
  });
});

describe('a file whose inner pages are damaged', () => {
  const many = Array.from({ length: 500 }, (_, n) => `session-${n}`);

  /** Writes over all pages but the first, on which the schema is. */
  const damage = () => {
    const path = join(dir, 'views.db');
    const db = new Database(path);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    const file = openSync(path, 'r+');
    const { size } = fstatSync(file);
    writeSync(file, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
    closeSync(file);
  };

  it('is built anew when it is opened', async () => {
    await appendAll(store, created(...many));
    const first = await start();
    await first.waitFor(500, 10_000);
    await first.close();
    damage();
    const views = await start();
    expect(await views.waitFor(500, 10_000)).toBe(true);
    expect(counts(views)).toHaveLength(500);
  });

  it('is built anew when a query meets the damage, without a restart', async () => {
    await appendAll(store, created(...many));
    const views = await start();
    await views.waitFor(500, 10_000);
    damage();
    expect(() => counts(views)).toThrow(expect.objectContaining({ code: 'view_unavailable' }));
    await until(() => countedAgain(views) === 500);
    await appendAll(store, created('later'));
    expect(await views.waitFor(501, 10_000)).toBe(true);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('is built anew when an append meets the damage, without a restart', async () => {
    let damaged = true;
    const meeting: Projection = {
      ...counter,
      prepare(db) {
        const count = counter.prepare(db);
        return (recorded) => {
          if (damaged && recorded.sequence === 2) {
            damaged = false;
            throw Object.assign(new Error('database disk image is malformed'), { code: 'SQLITE_CORRUPT' });
          }
          count(recorded);
        };
      },
    };
    await appendAll(store, created('a', 'b', 'c'));
    const views = await start({ projections: [meeting] });
    expect(await views.waitFor(3, 10_000)).toBe(true);
    expect(counts(views)).toHaveLength(3);
  });
});

describe('a poison event', () => {
  const withPoison = async () => {
    const writer = new HistoryWriter();
    writer.add('a', event('session.created', createdData()));
    writer.add('a', event('state.forced', { from: 'idle', to: 'init' }));
    writer.add('a', event('messages.cleared', {}));
    await appendAll(store, writer.recorded);
  };

  it('takes the form of an unreadable event, and the views go on and say so', async () => {
    await withPoison();
    const views = await start();
    expect(await views.waitFor(3, 5_000)).toBe(true);
    expect(views.health()).toMatchObject({ status: 'live', sequence: 3 });
    expect(counts(views)).toEqual([{ session_id: 'a', events: 3 }]);
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('costs a batch of many no more than one by one', async () => {
    const writer = new HistoryWriter();
    writer.add('a', event('session.created', createdData()));
    for (let n = 0; n < 500; n++) writer.add('a', event('state.forced', { from: 'idle', to: 'init' }));
    await appendAll(store, writer.recorded);
    const views = await start();
    expect(await views.waitFor(501, 20_000)).toBe(true);
    expect(counts(views)).toEqual([{ session_id: 'a', events: 501 }]);
  });

  it('halts the views when not even that can be applied, and says so', async () => {
    await withPoison();
    const stubborn = { ...counter, prepare: failingFrom(2) };
    const views = await start({ projections: [stubborn] });
    expect(await views.waitFor(3, 60_000)).toBe(false);
    expect(views.health()).toEqual({
      status: 'halted',
      sequence: 2,
      type: 'event.unreadable',
      reason: 'cannot take this either',
    });
    expect(views.position()).toBe(1);
    expect(counts(views)).toEqual([{ session_id: 'a', events: 1 }]);
  });

  it('is passed over when it is on the skip list', async () => {
    await withPoison();
    const views = await start({ skip: new Set([2]) });
    expect(await views.waitFor(3, 5_000)).toBe(true);
    expect(counts(views)).toEqual([{ session_id: 'a', events: 2 }]);
    expect(dumped()).toBe('counts ["a",2]\n');
  });

  it.each([
    ['in this thread', async () => undefined],
    ['in a worker thread', sourceWorker],
  ])('is the same in a rebuild %s', async (_where, workerFor) => {
    await withPoison();
    const views = await start({ rebuildWorker: await workerFor(store, dir) });
    await views.waitFor(3, 5_000);
    const incremental = dumped();
    await views.rebuild();
    expect(dumped()).toBe(incremental);
  });
});

/** Undefined as long as the file is damaged. */
function countedAgain(views: Views): number | undefined {
  try {
    return counts(views).length;
  } catch {
    return undefined;
  }
}

/** Counts, and fails from a sequence on. */
function failingFrom(sequence: number): Projection['prepare'] {
  return (db) => {
    const count = counter.prepare(db);
    return (recorded) => {
      if (recorded.sequence >= sequence) throw new Error('cannot take this either');
      count(recorded);
    };
  };
}
