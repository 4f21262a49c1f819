import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { event } from '#domain';
import { createdData, HistoryWriter, openTestView, type TestView } from '../testing/index.js';
import { SessionQueries, sessionsProjection, type SessionFilter } from './index.js';

const SESSIONS = 20_000;
/** Pairs that all sessions have: no index makes them few. */
const COMMON = { first: 'yes', second: 'yes', third: 'yes' };
/** Two that never come together, behind those that match everywhere. */
const HOSTILE: SessionFilter = { metadata: { ...COMMON, odd: 'true', even: 'true' } };

const other = createServer((_, reply) => reply.end('answered'));
let view: TestView;
let queries: SessionQueries;

beforeAll(async () => {
  const writer = new HistoryWriter();
  for (let n = 0; n < SESSIONS; n++) {
    const metadata = { ...COMMON, [n % 2 ? 'odd' : 'even']: true };
    writer.add(`session-${n}`, event('session.created', createdData({ name: `name-${n}`, metadata })));
  }
  view = openTestView(sessionsProjection);
  view.apply(writer.recorded);
  queries = new SessionQueries(view.reader);
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
}, 120_000);
afterAll(() => {
  view.remove();
  other.close();
  other.closeAllConnections();
});

const ask = async () => (await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)).text();

it.each([undefined, 10])(
  'a list that matches nothing holds up no other request (limit %s)',
  async (limit) => {
    let finished = false;
    const list = queries.list({ ...HOSTILE, limit }).finally(() => (finished = true));
    expect([await ask(), finished]).toEqual(['answered', false]);
    expect((await list).sessions).toEqual([]);
  },
);

it('many such lists at once are not slower for others than one', async () => {
  let running = 8;
  const lists = Array.from({ length: running }, () => queries.list(HOSTILE).finally(() => (running -= 1)));
  expect([await ask(), running]).toEqual(['answered', 8]);
  await Promise.all(lists);
});

it('a list that nobody waits for ends early', async () => {
  const leave = new AbortController();
  let finished = false;
  const whole = queries.list(HOSTILE).finally(() => (finished = true));
  const left = queries.list(HOSTILE, leave.signal);
  leave.abort();
  await left;
  expect(finished).toBe(false);
  await whole;
});
