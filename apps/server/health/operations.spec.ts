import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '#contracts';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { startTestApp, type TestApp } from '../testing/test-app.js';

let nats: TestNats;
let store: JetStreamStore;
let app: TestApp;
let shortage: string | undefined;
beforeAll(async () => {
  nats = await startTestNats();
  store = await openJetStreamStore(await nats.connection(), {
    requestTimeoutMs: 300,
    patienceMs: 1000,
    space: { shortage: () => shortage, isExhausted: () => false, onLook: () => () => undefined },
  });
  app = await startTestApp({ parts: store });
});
afterAll(async () => {
  await app.stop();
  store.close();
  await nats.stop();
});

const codeOf = ({ json }: { json: unknown }) => (json as { code: string }).code;

describe('a running server', () => {
  it('says which it is', async () => {
    const expected = { version: '1.2.3', api: 'v0' };
    expect((await app.client.get('/version')).json).toEqual(expected);
    expect((await app.client.get('version')).json).toEqual(expected);
  });

  it('is alive, and ready once the views have caught up', async () => {
    expect((await app.client.get('/healthz')).json).toEqual({ status: 'ok' });
    let ready = await app.client.get('/readyz');
    while (ready.status === 503) ready = await app.client.get('/readyz');
    expect(ready.json).toMatchObject({
      status: 'ok',
      details: { log: { status: 'up' }, views: { status: 'up', state: 'live' } },
    });
  });

  it('is not ready while the log takes nothing, and says why', async () => {
    shortage = 'The disk is full: 1 MiB are free.';
    const { status, json } = await app.client.get('/readyz');
    expect([status, json]).toEqual([
      503,
      expect.objectContaining({
        details: expect.objectContaining({
          log: expect.objectContaining({ status: 'down', message: shortage }),
        }),
      }),
    ]);
    const refused = await app.client.post('sessions');
    expect([refused.status, codeOf(refused)]).toEqual([507, 'log_full']);
    shortage = undefined;
    expect((await app.client.get('/readyz')).status).toBe(200);
  });

  it('is measured', async () => {
    await app.client.post('sessions');
    await app.client.get('sessions/nobody');
    const { text } = await app.client.get('/metrics');
    expect(text).toContain('raworc_sessions{state="init",node="test"} 1');
    expect(text).toContain('raworc_consumer_lag_events{consumer="views",node="test"} 0');
    const request = 'node="test",method="GET",route="/api/v0/sessions/:id",status="404"';
    expect(text).toContain(`raworc_http_request_seconds_count{${request}} 1`);
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('rebuilds its views while it works', async () => {
    const before = (await app.client.get('sessions')).json;
    const rebuilt = await app.client.send('POST', 'admin/rebuild');
    expect(rebuilt.status).toBe(200);
    expect(rebuilt.json).toEqual({
      events: app.views.position(),
      seconds: expect.any(Number),
      events_per_second: expect.any(Number),
    });
    expect((await app.client.get('sessions')).json).toEqual(before);
  });
});

describe('a server whose log does not answer', () => {
  it('goes on reading, refuses to write with a 503, and is not ready', async () => {
    const { id } = (await app.client.post('sessions')).json as Session;
    await nats.kill9();
    const [write, ready] = await Promise.all([
      app.client.post(`sessions/${id}/messages`, { content: 'x' }),
      app.client.get('/readyz'),
    ]);
    expect([write.status, codeOf(write), write.headers.get('retry-after')]).toEqual([
      503,
      'log_unavailable',
      '2',
    ]);
    expect(ready.status).toBe(503);
    expect(ready.json).toMatchObject({ status: 'error', details: { log: { status: 'down' } } });
    expect((await app.client.get(`sessions/${id}`)).status).toBe(200);
    expect((await app.client.get('/healthz')).status).toBe(200);
    expect((await app.client.get('/metrics')).status).toBe(200);
    await nats.restart();
    let again = await app.client.post(`sessions/${id}/messages`, { content: 'y' });
    while (again.status === 503) again = await app.client.post(`sessions/${id}/messages`, { content: 'y' });
    expect([201, 202]).toContain(again.status);
  });
});
