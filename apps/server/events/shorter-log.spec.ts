import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import type { Problem, Session } from '#contracts';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { eventually } from '../../../test/support/eventually.js';
import { openEventSource } from '../testing/event-source.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

let nats: TestNats;
let log: JetStreamStore;
let app: TestApp;
beforeAll(async () => {
  nats = await startTestNats();
  log = await openJetStreamStore(await nats.connection());
  app = await startTestApp({ parts: log });
});
afterAll(async () => {
  await app.stop();
  log.close();
  await nats.stop();
});

const STORE = () => join(nats.dir, 'store');
const BACKUP = () => join(nats.dir, 'backup');

/** The log on disk as it is now, for `comeBackShorter`. */
async function keepCopy(): Promise<void> {
  await nats.kill9();
  await rm(BACKUP(), { recursive: true, force: true });
  await cp(STORE(), BACKUP(), { recursive: true });
  await nats.restart();
}

/** What a crash of the machine does to a disk that had not written everything. */
async function comeBackShorter(): Promise<void> {
  await nats.kill9();
  await replace(STORE(), BACKUP());
  await nats.restart();
}

/** The same, and a writer was quicker than those who wait. */
async function comeBackOther(sessionId: string): Promise<void> {
  await nats.kill9();
  const other = await startTestNats();
  try {
    await other.kill9();
    await replace(join(other.dir, 'store'), BACKUP());
    await other.restart();
    const client = jetstream(await other.connection());
    for (let n = 0; n < 3; n++) await client.publish(`raworc.sessions.${sessionId}`, `${n}`);
    await other.kill9();
    await replace(STORE(), join(other.dir, 'store'));
  } finally {
    await other.stop();
  }
  await nats.restart();
}

async function replace(folder: string, by: string): Promise<void> {
  await rm(folder, { recursive: true });
  await cp(by, folder, { recursive: true });
}

const listen = (path: string, headers: Record<string, string> = {}) =>
  openEventSource(`${app.url}/api/v0/${path}`, { authorization: `Bearer ${TOKEN}`, ...headers });
/** Views that begin anew do not show it at once. */
async function create(): Promise<Session> {
  let created = await app.client.post('sessions');
  while (created.status === 404) created = await app.client.post('sessions');
  const session = created.json as Session;
  await eventually(async () => (await app.client.get(`sessions/${session.id}`)).status === 200);
  return session;
}
const rename = (id: string, mark: string) =>
  app.client.send('PATCH', `sessions/${id}`, { body: { metadata: { mark } } });

describe('a log that comes back shorter', () => {
  it.each<[string, (sessionId: string) => Promise<void>]>([
    ['ends before what they have seen', comeBackShorter],
    ['has other events there by now', comeBackOther],
  ])('ends the streams of those who wait, when it %s', async (_what, comeBack) => {
    const { id } = await create();
    await keepCopy();
    const streams = [await listen('events?after=0'), await listen(`sessions/${id}/events`)];
    await rename(id, 'lost');
    const lost = (await log.store.info()).lastSequence;
    for (const stream of streams) await stream.next((message) => message.id === String(lost));

    await comeBack(id);
    for (const stream of streams) {
      const end = await stream.next(({ event }) => event === 'end');
      expect(JSON.parse(end.data)).toMatchObject({
        code: 'cursor_invalid',
        detail: expect.stringContaining('Read again from the beginning'),
      });
      await stream.ended;
    }
  });

  it('refuses a position that it does not have, and serves one that it has', async () => {
    const { id } = await create();
    const { lastSequence } = await log.store.info();
    const beyond = String(lastSequence + 1);
    for (const path of ['events', `sessions/${id}/events`]) {
      const stream = { accept: 'text/event-stream' };
      const refused = [
        await app.client.get(path, { ...stream, 'last-event-id': beyond }),
        await app.client.get(`${path}?after=${beyond}`, stream),
        await app.client.get(`${path}?after=${beyond}`),
      ];
      for (const { status, json } of refused) {
        expect([status, (json as Problem).code]).toEqual([409, 'cursor_invalid']);
        expect((json as Problem).detail).toContain(`ends at sequence ${lastSequence}`);
      }
      expect((await app.client.get(`${path}?after=${lastSequence}`)).json).toEqual([]);
      const source = await listen(path, { 'last-event-id': String(lastSequence) });
      expect(source.response.status).toBe(200);
      source.close();
    }
  });
});
