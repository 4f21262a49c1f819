import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '#contracts';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { openEventSource } from '../testing/event-source.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

let nats: TestNats;
let log: JetStreamStore;
let app: TestApp;
let queued = 0;
beforeAll(async () => {
  nats = await startTestNats();
  log = await openJetStreamStore(await nats.connection());
  app = await startTestApp({
    parts: log,
    consumers: ['operator', 'host'],
    queues: { operator: () => queued },
  });
});
afterAll(async () => {
  await app.stop();
  log.close();
  await nats.stop();
});

async function scrape(): Promise<Map<string, number>> {
  const { text } = await app.client.get('/metrics');
  const lines = text.split('\n').filter((line) => line.startsWith('raworc_'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)?.[0])]));
}
const labelled = (name: string, label = '') => `${name}{${label === '' ? '' : `${label},`}node="test"}`;
const create = async () => (await app.client.post('sessions')).json as Session;

describe('metrics', () => {
  it('have the names that the page about them lists', async () => {
    await app.client.get('sessions');
    const page = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `(raworc_\w+)`/gm)].map(([, name]) => name);
    const { text } = await app.client.get('/metrics');
    const exposed = [...text.matchAll(/^# TYPE (raworc_\w+)/gm)].map(([, name]) => name);
    expect(exposed.sort()).toEqual(documented.sort());
  });

  it('say how large the log is', async () => {
    const before = await scrape();
    await create();
    const after = await scrape();
    const grown = (name: string) => (after.get(labelled(name)) ?? NaN) - (before.get(labelled(name)) ?? NaN);
    expect([grown('raworc_log_events'), grown('raworc_log_sequence')]).toEqual([1, 1]);
    expect(grown('raworc_log_bytes')).toBeGreaterThan(100);
  });

  it('say how far each consumer is behind, and what it has not finished', async () => {
    const lag = (consumer: string) => labelled('raworc_consumer_lag_events', `consumer="${consumer}"`);
    const unfinished = labelled('raworc_consumer_unfinished_events', 'consumer="operator"');
    expect((await scrape()).get(lag('operator'))).toBeUndefined();
    const { id } = await create();
    const stop = new AbortController();
    const entered = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const startAfter = (await log.store.info()).lastSequence - 1;
    const consuming = log.store.consume({
      durable: 'operator',
      startAfter,
      types: new Set(['session.created'] as const),
      concurrency: 1,
      signal: stop.signal,
      handle: async ({ event }) => {
        expect(event.subject).toBe(id);
        entered.resolve();
        await leave.promise;
      },
    });
    await entered.promise;
    await create();
    await create();
    const values = await scrape();
    expect([values.get(lag('operator')), values.get(unfinished), values.get(lag('views'))]).toEqual([
      2, 1, 0,
    ]);
    expect(values.has(lag('host'))).toBe(false);
    stop.abort();
    leave.resolve();
    await consuming;
  });

  it('count what cannot be read, the streams that are open, and what waits', async () => {
    const unreadable = labelled('raworc_unreadable_events');
    const streams = labelled('raworc_event_streams');
    const waiting = labelled('raworc_queue_length', 'queue="operator"');
    const before = await scrape();
    expect([before.get(unreadable), before.get(streams), before.get(waiting)]).toEqual([0, 0, 0]);
    const { id } = await create();
    const { jetstream } = await import('@nats-io/jetstream');
    const { seq } = await jetstream(await nats.connection()).publish(`raworc.sessions.${id}`, 'not JSON');
    expect(await app.views.waitFor(seq, 10_000)).toBe(true);
    const source = await openEventSource(`${app.url}/api/v0/events`, { authorization: `Bearer ${TOKEN}` });
    queued = 3;
    const after = await scrape();
    source.close();
    expect([after.get(unreadable), after.get(streams), after.get(waiting)]).toEqual([1, 1, 3]);
    expect(after.get(labelled('raworc_queue_length', 'queue="commands"'))).toBe(0);
    expect(after.get(labelled('raworc_session_cache_bytes'))).toBeGreaterThan(0);
  });
});
