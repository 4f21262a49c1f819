import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Message, Session, StreamedEvent } from '#contracts';
import { openJetStreamStore, type EventStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const MESSAGES = 40;
const MESSAGE_BYTES = 600_000;

let nats: TestNats;
let log: JetStreamStore;
let app: TestApp;
let id: string;
/** Bytes of the messages in each batch that the server took from the log. */
const batches: number[] = [];

beforeAll(async () => {
  nats = await startTestNats();
  log = await openJetStreamStore(await nats.connection());
  const watched = new Proxy<EventStore>(log.store, {
    get(store, name) {
      if (name === 'scan') return scanWatched;
      const member: unknown = Reflect.get(store, name);
      return typeof member === 'function' ? (member.bind(store) as unknown) : member;
    },
  });
  app = await startTestApp({ parts: { ...log, store: watched } });
  id = ((await app.client.post('sessions')).json as Session).id;
  for (let n = 0; n < MESSAGES; n++) {
    const content = `${n} ${'x'.repeat(MESSAGE_BYTES)}`;
    expect((await app.client.post(`sessions/${id}/messages`, { content })).status).toBe(201);
  }
}, 60_000);
afterAll(async () => {
  await app.stop();
  log.close();
  await nats.stop();
});

async function* scanWatched(options: Parameters<EventStore['scan']>[0]) {
  for await (const batch of log.store.scan(options)) {
    batches.push(JSON.stringify(batch).length);
    yield batch;
  }
}

const events = async (query: string) =>
  (await app.client.get(`sessions/${id}/events${query}`)).json as StreamedEvent[];

it('events of a history larger than memory should hold are read some at a time', async () => {
  batches.length = 0;
  const all = await events('');
  expect(all.map(({ sessionversion }) => sessionversion)).toEqual(
    Array.from({ length: MESSAGES + 1 }, (_, n) => n + 1),
  );
  expect(batches.length).toBeGreaterThan(3);
  expect(Math.max(...batches)).toBeLessThan(8 * 1024 * 1024);
});

it('a limit reads no more than it asks for', async () => {
  batches.length = 0;
  expect(await events('?limit=2')).toHaveLength(2);
  expect(batches).toHaveLength(1);
  const [, second] = await events('?limit=2');
  expect((await events(`?after=${second?.sequence}&limit=1`))[0]?.sessionversion).toBe(3);
});

it('messages come some at a time too, in order, from wherever they are asked for', async () => {
  const all = (await app.client.get(`sessions/${id}/messages`)).json as Message[];
  const numbers = (messages: Message[]) => messages.map(({ content }) => Number(content.split(' ')[0]));
  expect(numbers(all)).toEqual(Array.from({ length: MESSAGES }, (_, n) => n));
  const before = all[35]?.id;
  for (const limit of [1, 16, 17, 30]) {
    const page = await app.client.get(`sessions/${id}/messages?limit=${limit}&before=${before}`);
    expect(numbers(page.json as Message[])).toEqual(Array.from({ length: limit }, (_, n) => 35 - limit + n));
  }
});
