import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { session as sessionShape } from '#contracts';
import { event, evolve, initialState, type SessionState } from '#domain';
import {
  computerStarted,
  createdData,
  HistoryWriter,
  openTestView,
  randomHistory,
  responded,
  type TestView,
} from '../testing/index.js';
import { SessionQueries, sessionsProjection, type SessionFilter } from './index.js';
import { indexedPairs } from './metadata-index.js';

const ID = '019ab2c4-0000-7000-8000-000000000001';
const SOURCE = {
  session_id: ID,
  version: 4,
  snapshot_id: null,
  parts: { messages: true, data: true, code: true, secrets: true },
};

let view: TestView;
let queries: SessionQueries;
let log: HistoryWriter;

beforeEach(() => {
  view = openTestView(sessionsProjection);
  queries = new SessionQueries(view.reader);
  log = new HistoryWriter();
});
afterEach(() => view.remove());

const show = () => view.apply(log.recorded);

describe('a session', () => {
  it('is shown from its creation on, in the shape of the contract', () => {
    const created = log.add(ID, event('session.created', createdData({ metadata: { team: 'a' } })));
    show();
    const found = queries.byId(ID);
    expect(sessionShape.strict().parse(found)).toEqual(found);
    expect(found).toMatchObject({
      state: 'init',
      created_at: HistoryWriter.at(created),
      metadata: { team: 'a' },
      auto_close_at: null,
      container_id: null,
      closed_at: null,
      version: 1,
    });
  });

  it('will close by itself when idle with a timeout, counted from its last activity', () => {
    log.add(ID, event('session.created', createdData({ timeout_seconds: 60 })));
    const started = log.add(ID, event('computer.started', computerStarted('raworc_session_x')));
    log.add(ID, event('files.snapshot_failed', { reason: 'disk', at_version: 1 }));
    show();
    const auto_close_at = HistoryWriter.at(started) + 60;
    expect(queries.byId(ID)).toMatchObject({
      state: 'idle',
      container_id: 'raworc_session_x',
      auto_close_at,
      version: 3,
    });
    expect(queries.idle()).toEqual([{ id: ID, version: 3, auto_close_at }]);
    expect(queries.idle(auto_close_at)).toHaveLength(1);
    expect(queries.idle(auto_close_at - 1)).toEqual([]);
  });

  it('adds up what its turns used, and counts the messages that are visible', () => {
    log.add(ID, event('session.created', createdData()));
    log.add(ID, event('computer.started', computerStarted()));
    log.add(ID, event('message.posted', { message_id: 'm', role: 'user', content: 'hi', metadata: {} }));
    log.add(ID, event('turn.started', { turn_id: 't', message_ids: ['m'] }));
    log.add(ID, event('model.responded', responded('t', 'r1', 'hello')));
    log.add(ID, event('model.responded', responded('t', 'r2', ' ')));
    log.add(ID, event('turn.failed', { turn_id: 't', reason: 'step_limit', message: 'too many steps' }));
    show();
    expect(queries.byId(ID)).toMatchObject({
      state: 'idle',
      message_count: 3,
      usage: {
        input_tokens: 200,
        output_tokens: 40,
        cache_read_input_tokens: 10,
        cache_creation_input_tokens: 2,
      },
    });
  });

  it('is closed with its error when its computer is given up, and open again without it', () => {
    log.add(ID, event('session.created', createdData()));
    const failed = log.add(ID, event('computer.failed', { reason: 'no image', attempt: 3, gave_up: true }));
    show();
    expect(queries.byId(ID)).toMatchObject({
      state: 'closed',
      error: 'no image',
      closed_at: HistoryWriter.at(failed),
    });
    log.add(ID, event('session.restored', { reason: 'requested' }));
    show();
    expect(queries.byId(ID)).toMatchObject({ state: 'init', error: null, closed_at: null });
  });

  it("is hidden while a remix copies, and shows its source without the source's costs", () => {
    const child = '019ab2c4-0000-7000-8000-000000000002';
    log.add(ID, event('session.created', createdData()));
    const begun = log.add(child, event('session.created', createdData({ source: SOURCE })));
    log.add(child, event('turn.started', { turn_id: 't', message_ids: [] }));
    log.add(child, event('model.responded', responded('t', 'r', 'copied')));
    log.add(child, event('turn.completed', { turn_id: 't', stop_reason: 'end_turn' }));
    show();
    expect(queries.resolve(child)).toEqual({ none: true });
    expect(queries.children(ID)).toEqual([]);
    expect(queries.unfinishedRemixes(HistoryWriter.at(begun))).toEqual([]);
    expect(queries.unfinishedRemixes(HistoryWriter.at(begun) + 1)).toEqual([child]);
    const copied = { events: 3, messages: 1, files: 0, bytes: 0, secrets: 0 };
    log.add(child, event('session.remixed', { source_id: ID, source_version: 4, copied, files: null }));
    show();
    expect(queries.children(ID)).toEqual([queries.byId(child)]);
    expect(queries.unfinishedRemixes(Infinity)).toEqual([]);
    expect(queries.byId(child)).toMatchObject({
      state: 'init',
      parent_session_id: ID,
      remixed_from: { session_id: ID, version: 4 },
      message_count: 1,
      usage: { input_tokens: 0, output_tokens: 0 },
    });
  });

  it('is hidden when deleted, and gone without a trace when erased', () => {
    const secret = 'marker-that-must-not-survive';
    log.add(ID, event('session.created', createdData({ metadata: { secret } })));
    log.add(ID, event('session.deleted', {}));
    show();
    expect(queries.byId(ID)).toBeUndefined();
    log.add(ID, event('session.erased', {}));
    show();
    const bytes = ['', '-wal'].map((suffix) => readFileSync(view.path + suffix, 'latin1')).join('');
    expect(bytes).not.toContain(secret);
    expect(view.dump()).toBe('');
  });

  it('may begin with its tombstone', () => {
    log.add(ID, event('session.erased', {}));
    show();
    expect(queries.resolve(ID)).toEqual({ none: true });
  });
});

describe('finding a session', () => {
  const add = (id: string, name: string) => log.add(id, event('session.created', createdData({ name })));

  it('takes an id, a name, or a prefix of an id of six characters and more', () => {
    add('019ab2c4-aaaa', 'first');
    add('019ab2c5-bbbb', 'second');
    show();
    const found = (reference: string) => queries.resolve(reference);
    expect(found('019ab2c4-aaaa')).toMatchObject({ found: { name: 'first' } });
    expect(found('second')).toMatchObject({ found: { id: '019ab2c5-bbbb' } });
    expect(found('019ab2c4')).toMatchObject({ found: { name: 'first' } });
    expect(found('019ab2')).toMatchObject({ ambiguous: [{ name: 'first' }, { name: 'second' }] });
    expect(found('019ab')).toEqual({ none: true });
    expect(found('019ab2c4%')).toEqual({ none: true });
  });

  it('lets a name go before a prefix, and forgets the name of a deleted session', () => {
    add('abcdef-1', 'one');
    add('zzzzzz-2', 'abcdef');
    show();
    expect(queries.resolve('abcdef')).toMatchObject({ found: { id: 'zzzzzz-2' } });
    log.add('zzzzzz-2', event('session.deleted', {}));
    show();
    expect(queries.resolve('abcdef')).toMatchObject({ found: { id: 'abcdef-1' } });
  });
});

describe('the list', () => {
  const fill = (count: number) => {
    for (let n = 0; n < count; n++) {
      log.add(
        `session-${n}`,
        event('session.created', createdData({ name: `name-${n}`, metadata: { n, even: n % 2 === 0 } })),
      );
    }
  };
  const ids = (sessions: { id: string }[]) => sessions.map(({ id }) => id);

  async function chunksOf(filter: SessionFilter) {
    const chunks = [];
    for await (const chunk of queries.listChunks(filter)) chunks.push(chunk);
    return chunks;
  }

  it('is newest first, and paged by cursor without gaps or repeats', async () => {
    fill(5);
    show();
    const first = await queries.list({ limit: 2 });
    const second = await queries.list({ limit: 2, after: first.next });
    const third = await queries.list({ limit: 2, after: second.next });
    expect([first, second, third].map((page) => ids(page.sessions))).toEqual([
      ['session-4', 'session-3'],
      ['session-2', 'session-1'],
      ['session-0'],
    ]);
    expect(third.next).toBeUndefined();
    expect((await queries.list({ limit: 5 })).next).toBeUndefined();
    expect(ids((await queries.list()).sessions)).toHaveLength(5);
    expect(ids((await chunksOf({})).flat())).toEqual(
      [first, second, third].flatMap((page) => ids(page.sessions)),
    );
    expect(await chunksOf({ state: 'busy' })).toEqual([]);
  });

  it('refuses a cursor that is none', async () => {
    for (const after of ['nonsense', '', Buffer.from('[1]').toString('base64url')]) {
      await expect(queries.list({ after })).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
  });

  it('filters by state, name, time and parent', async () => {
    fill(3);
    log.add('session-1', event('computer.started', computerStarted()));
    show();
    const middle = queries.byId('session-1')?.created_at ?? 0;
    expect(ids((await queries.list({ state: 'idle' })).sessions)).toEqual(['session-1']);
    expect(ids((await queries.list({ name: 'name-2' })).sessions)).toEqual(['session-2']);
    expect(ids((await queries.list({ createdBefore: middle })).sessions)).toEqual(['session-0']);
    expect(ids((await queries.list({ createdAfter: middle })).sessions)).toEqual(['session-2']);
    expect((await queries.list({ parent: 'session-1' })).sessions).toEqual([]);
    expect(queries.live()).toContainEqual({ id: 'session-1', state: 'idle', node: expect.any(String) });
  });

  it('filters by metadata, comparing values as text', async () => {
    const metadata = { team: 'a', n: 7, ok: true, none: null, 'a.b"c': 'odd', list: ['x'] };
    log.add('tagged', event('session.created', createdData({ metadata })));
    log.add('plain', event('session.created', createdData()));
    show();
    const matching = async (wanted: Record<string, string>) =>
      ids((await queries.list({ metadata: wanted })).sessions);
    expect(await matching({ team: 'a', n: '7', ok: 'true', none: 'null', 'a.b"c': 'odd' })).toEqual([
      'tagged',
    ]);
    expect(await matching({ team: 'b' })).toEqual([]);
    expect(await matching({ team: 'a', missing: 'x' })).toEqual([]);
    expect(await matching({ list: '["x"]' })).toEqual([]);
    expect(await matching({ ok: '1' })).toEqual([]);
  });

  it('finds long keys and values, and those that look like their digests', async () => {
    const long = 'x'.repeat(5_000);
    log.add('long', event('session.created', createdData({ metadata: { [long]: `${long}1`, a: long } })));
    show();
    const [{ value: digest } = { value: '' }] = indexedPairs({ a: long });
    log.add('like', event('session.created', createdData({ metadata: { a: digest, b: digest.slice(1) } })));
    show();
    const matching = async (wanted: Record<string, string>) =>
      ids((await queries.list({ metadata: wanted })).sessions);
    expect(await matching({ [long]: `${long}1` })).toEqual(['long']);
    expect(await matching({ [long]: `${long}2` })).toEqual([]);
    expect(await matching({ a: long })).toEqual(['long']);
    expect(await matching({ a: digest })).toEqual(['like']);
  });

  it('follows changes of metadata, and the end of a session', async () => {
    log.add('a', event('session.created', createdData({ metadata: { team: 'x', old: 1 } })));
    log.add('b', event('session.created', createdData({ metadata: { team: 'x' } })));
    log.add('a', event('session.updated', { metadata: { team: 'y' } }));
    log.add('b', event('session.updated', { name: 'renamed' }));
    show();
    const matching = async (wanted: Record<string, string>) =>
      ids((await queries.list({ metadata: wanted })).sessions);
    expect(await matching({ team: 'x' })).toEqual(['b']);
    expect(await matching({ team: 'y' })).toEqual(['a']);
    expect(await matching({ old: '1' })).toEqual([]);
    log.add('a', event('session.deleted', {}));
    log.add('b', event('session.erased', {}));
    show();
    expect(view.dump()).not.toContain('session_metadata');
  });

  it('is the same whatever its steps, for any filter', async () => {
    for (let n = 0; n < 1_200; n++) {
      const metadata = { third: n % 3, half: n % 2 === 0, all: 'yes' };
      log.add(`s-${n}`, event('session.created', createdData({ name: `name-${n}`, metadata })));
      if (n % 5 === 0) log.add(`s-${n}`, event('computer.started', computerStarted()));
      if (n % 7 === 0) log.add(`s-${n}`, event('session.deleted', {}));
    }
    show();
    const everything = (await queries.list()).sessions;
    expect(everything).toHaveLength(1_200 - Math.ceil(1_200 / 7));
    const filter = { state: 'idle', metadata: { all: 'yes', third: '2', half: 'true' } } as const;
    const expected = everything.filter(
      ({ state, metadata }) => state === 'idle' && metadata['third'] === 2 && metadata['half'] === true,
    );
    expect(expected.length).toBeGreaterThan(20);
    expect((await queries.list(filter)).sessions).toEqual(expected);
    const paged: string[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const { sessions, next } = await queries.list({ ...filter, after, limit: 7 });
      paged.push(...ids(sessions));
      after = next;
    }
    expect(paged).toEqual(ids(expected));
  });

  it('counts what is open and what is there', () => {
    fill(5);
    log.add('session-0', event('session.closed', { reason: 'requested' }));
    log.add('session-1', event('session.deleted', {}));
    log.add('copying', event('session.created', createdData({ source: SOURCE })));
    show();
    expect([queries.countOpen(), queries.countAll()]).toEqual([3, 4]);
    expect(queries.someInContainer()).toBe(false);
    log.add('session-2', event('computer.started', computerStarted('raworc_session_session-2')));
    show();
    expect(queries.someInContainer()).toBe(true);
  });
});

it('has the states of the domain, whatever happened', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const dice = (n: number) => Number(numbers.next().value) % n;
      const history = randomHistory(dice, 4, 80);
      const test = openTestView(sessionsProjection);
      try {
        test.apply(history);
        const rows = test.reader.query<
          [string],
          { state: string; lifecycle: string; error: string; controlled_by: string; version: number }
        >('SELECT state, lifecycle, error, controlled_by, keeping, version FROM sessions WHERE id = ?');
        const states = new Map<string, SessionState>();
        for (const { event: folded } of history) {
          states.set(folded.subject, evolve(states.get(folded.subject) ?? initialState, folded));
        }
        for (const [id, { status, lifecycle, error, control, rootFilesystemDue, version }] of states) {
          const keeping = rootFilesystemDue ? 1 : 0;
          const expected =
            lifecycle === 'erased'
              ? undefined
              : { state: status, lifecycle, error, controlled_by: control?.by ?? null, keeping, version };
          expect(rows.get(id)).toEqual(expected);
        }
      } finally {
        test.remove();
      }
    }),
    { numRuns: 40 },
  );
});
