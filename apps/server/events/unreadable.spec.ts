import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Problem, Session, StreamedEvent } from '#contracts';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { startTestApp, type TestApp } from '../testing/test-app.js';

let nats: TestNats;
let connection: NatsConnection;
let log: JetStreamStore;
let app: TestApp;

beforeAll(async () => {
  nats = await startTestNats();
  connection = await nats.connection();
  log = await openJetStreamStore(connection);
  app = await startTestApp({ parts: log });
});
afterAll(async () => {
  await app.stop();
  log.close();
  await nats.stop();
});

const create = async (): Promise<Session> => (await app.client.post('sessions')).json as Session;

/** Another program writes to the session's subject; the views have it when this returns. */
async function publish(session: Session, body: string): Promise<number> {
  const { seq } = await jetstream(connection).publish(`raworc.sessions.${session.id}`, body);
  expect(await app.views.waitFor(seq, 10_000)).toBe(true);
  return seq;
}

/** The session's first event, changed. */
async function like(session: Session, changes: Record<string, unknown>): Promise<string> {
  const first = await log.store.read(session.id);
  return JSON.stringify({ ...first[0]?.event, id: crypto.randomUUID(), sessionversion: 2, ...changes });
}

const odd: [string, string, (session: Session) => Promise<string> | string][] = [
  ['of an unknown type', 'unknown_type', (session) => like(session, { type: 'session.sparkled', data: {} })],
  ['named like a part of every object', 'unknown_type', (session) => like(session, { type: 'constructor' })],
  ['of a newer schema', 'newer_schema', (session) => like(session, { schemaversion: 2 })],
  ['that is not JSON', 'not_json', () => 'not JSON'],
  ['that is JSON but no event', 'not_an_event', () => '[1, 2]'],
  ['that is nothing', 'not_json', () => ''],
  ['without its data', 'wrong_data', (session) => like(session, { data: undefined })],
  [
    'with data of another kind',
    'wrong_data',
    (session) => like(session, { type: 'turn.started', data: { turn_id: 't' } }),
  ],
  [
    'with fields of the envelope missing',
    'not_an_event',
    (session) => like(session, { commandid: undefined }),
  ],
  ['that says it is of another session', 'wrong_session', (session) => like(session, { subject: 'other' })],
  [
    'whose large data was never stored',
    'data_missing',
    (session) =>
      like(session, {
        data: undefined,
        dataref: `RAWORC_BLOBS/${session.id}.${'0'.repeat(64)}`,
        datasize: 1,
        datahash: 'sha256:0',
      }),
  ],
];

odd.push(
  [
    'whose large data is said to be anywhere',
    'wrong_data',
    (session) =>
      like(session, { data: undefined, dataref: 'RAWORC_BLOBS/*.*', datasize: 1, datahash: 'sha256:0' }),
  ],
  [
    'whose large data is said to be nothing',
    'wrong_data',
    (session) => like(session, { data: undefined, dataref: null, datasize: 1, datahash: 'sha256:0' }),
  ],
);

describe('an event on the log', () => {
  it.each(odd)('%s hurts its own session only, and says so', async (_what, problem, body) => {
    const hurt = await create();
    const sequence = await publish(hurt, await body(hurt));

    const shown = (await app.client.get(`sessions/${hurt.id}`)).json as Session;
    expect(shown).toMatchObject({ state: 'init', version: 2 });
    expect(shown.error).toContain(`sequence ${sequence} cannot be read`);
    const events = (await app.client.get(`sessions/${hurt.id}/events`)).json as StreamedEvent[];
    expect(events.map(({ type }) => type)).toEqual(['session.created', 'event.unreadable']);
    expect(events[1]).toMatchObject({ subject: hurt.id, sequence, data: { problem } });
    expect((await app.client.get(`sessions/${hurt.id}/messages`)).json).toEqual([]);

    for (const [method, path, request] of [
      ['POST', 'messages', { content: 'x' }],
      ['POST', 'close', undefined],
      ['PATCH', '', { timeout_seconds: 1 }],
      ['POST', 'remix', {}],
    ] as const) {
      const refused = await app.client.send(method, `sessions/${hurt.id}/${path}`, { body: request });
      expect(refused).toMatchObject({ status: 409, json: { code: 'session_unreadable' } });
      expect((refused.json as Problem).detail).toContain('RAWORC_SKIP_EVENTS');
    }

    const whole = await create();
    const posted = await app.client.send('POST', `sessions/${whole.id}/messages`, { body: { content: 'x' } });
    expect(posted.status).toBe(201);
    expect(app.views.health().status).toBe('live');
    const deleted = await app.client.send('DELETE', `sessions/${hurt.id}?erase=true`);
    expect(deleted.status).toBe(204);
  });

  it('whose large data is lost or changed hurts its own session only', async () => {
    const hurt = await create();
    const content = 'x'.repeat(100_000);
    await app.client.send('POST', `sessions/${hurt.id}/messages`, { body: { content } });
    const jsm = await jetstreamManager(connection);
    const { state } = await jsm.streams.info('RAWORC_BLOBS', {
      subjects_filter: `RAWORC_BLOBS.${hurt.id}.*`,
    });
    const [subject = ''] = Object.keys(state.subjects ?? {});
    await jsm.streams.purge('RAWORC_BLOBS', { filter: subject });
    await jetstream(connection).publish(subject, '{"content":"forged"}');
    const [, changed] = await log.store.read(hurt.id);
    expect(changed?.event).toMatchObject({ type: 'event.unreadable', data: { problem: 'data_damaged' } });
    await jsm.streams.purge('RAWORC_BLOBS', { filter: subject });
    const [, lost] = await log.store.read(hurt.id);
    expect(lost?.event).toMatchObject({ data: { problem: 'data_missing', type: 'message.posted' } });
  });

  it('that cannot be read does not stop those who follow and work', async () => {
    const before = await create();
    await publish(before, 'odd');
    const after = await create();
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const { event } of log.store.follow({ after: 0, signal: stop.signal })) {
      seen.push(event.type);
      if (event.subject === after.id) stop.abort();
    }
    expect(seen).toContain('event.unreadable');
    const working = new AbortController();
    await log.store.consume({
      durable: 'worker',
      types: new Set(['session.created'] as const),
      concurrency: 4,
      signal: working.signal,
      handle: async ({ event }) => {
        if (event.subject === after.id) working.abort();
      },
    });
    expect(working.signal.aborted).toBe(true);
  });

  it('is counted where the service says how it is', async () => {
    await publish(await create(), 'odd');
    const { json } = await app.client.send('GET', '/readyz');
    const { details } = json as { details: { views: { unreadable_events: number } } };
    expect(details.views.unreadable_events).toBeGreaterThan(0);
  });

  it('counts for nothing when it is to be skipped', async () => {
    const hurt = await create();
    const skip = new Set([await publish(hurt, 'odd')]);
    const other = await openJetStreamStore(connection, { skip });
    const skipping = await startTestApp({ parts: other, skip });
    const reply = await skipping.client.send('POST', `sessions/${hurt.id}/messages`, {
      body: { content: 'x' },
    });
    expect(reply.status).toBe(201);
    const session = (await skipping.client.get(`sessions/${hurt.id}`)).json as Session;
    expect(session).toMatchObject({ error: null, version: 3, message_count: 1 });
    await skipping.stop();
    other.close();
  });
});

describe('a log', () => {
  it('that takes a newer Raworc is refused with a sentence', async () => {
    const jsm = await jetstreamManager(connection);
    const { config } = await jsm.streams.info('RAWORC_SESSIONS');
    expect(config.metadata).toMatchObject({ raworc_least_schema: '1' });
    await jsm.streams.update('RAWORC_SESSIONS', { metadata: { raworc_least_schema: '7' } });
    await expect(openJetStreamStore(connection)).rejects.toMatchObject({
      code: 'log_incompatible',
      message: expect.stringMatching(/newer Raworc.*schema version 7.*Upgrade/),
    });
    await jsm.streams.update('RAWORC_SESSIONS', { metadata: config.metadata });
  });
});
