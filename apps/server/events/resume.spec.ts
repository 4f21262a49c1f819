import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '#contracts';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { openEventSource } from '../testing/event-source.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

const MESSAGES = 300;
const KILLS = 25;
let nats: TestNats;
let store: JetStreamStore;
let app: TestApp;
beforeAll(async () => {
  nats = await startTestNats();
  store = await openJetStreamStore(await nats.connection());
  app = await startTestApp({ parts: store, timing: { stalledAfter: 200 } });
});
afterAll(async () => {
  await app.stop();
  store.close();
  await nats.stop();
});

describe('a stream of events on a real log', () => {
  it('loses and doubles nothing, however often the connection breaks', async () => {
    const { id } = (await app.client.post('sessions')).json as Session;
    const seen = collect(id);
    for (let n = 0; n < MESSAGES; n++) await app.client.post(`sessions/${id}/messages`, { content: `${n}` });
    const events = await seen;
    const log = await store.store.read(id);
    expect(events).toEqual(log.map(({ sequence }) => String(sequence)));
  });

  it('cuts off a client that takes nothing', async () => {
    const { id } = (await app.client.post('sessions')).json as Session;
    const content = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 20; n++) await app.client.post(`sessions/${id}/messages`, { content });
    const stuck = request(`${app.url}/api/v0/sessions/${id}/events`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${TOKEN}` },
    });
    stuck.end();
    const [response] = (await once(stuck, 'response')) as [NodeJS.ReadableStream];
    response.on('error', () => undefined);
    const closed = new Promise((resolve) => response.once('close', resolve));
    const gauge = async () =>
      /raworc_event_streams\{.*\} (\d+)/.exec((await app.client.get('/metrics')).text)?.[1];
    expect(await gauge()).toBe('1');
    await waitUntil(async () => (await gauge()) === '0');
    response.resume();
    await closed;
  });
});

/** Ids of all events of a session as a client gets them that is cut off again and again. */
async function collect(id: string): Promise<string[]> {
  const ids: string[] = [];
  for (let life = 0; life <= KILLS; life++) {
    const last = ids.at(-1);
    const source = await openEventSource(`${app.url}/api/v0/sessions/${id}/events`, {
      authorization: `Bearer ${TOKEN}`,
      ...(last === undefined ? {} : { 'last-event-id': last }),
    });
    const already = ids.length;
    const wanted = life === KILLS ? MESSAGES + 1 - already : randomInt(0, 12);
    await source.next(() => idsOf(source.received).length >= wanted);
    source.close();
    await source.ended;
    ids.push(...idsOf(source.received));
  }
  return ids;
}

const idsOf = (messages: { id?: string }[]): string[] =>
  messages.flatMap(({ id }) => (id === undefined ? [] : [id]));

async function waitUntil(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
