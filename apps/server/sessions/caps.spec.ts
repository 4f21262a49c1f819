import { afterEach, describe, expect, it } from '@jest/globals';
import type { Problem, Session } from '#contracts';
import { createMemoryStore } from '#event-store';
import { startTestApp, type TestApp, type TestAppOptions } from '../testing/test-app.js';

const MAXIMA = { memory_mb: 1_024, cpus: 2, pids: 100, disk_mb: 500 };
const apps: TestApp[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())));

async function start(options: TestAppOptions): Promise<TestApp['client']> {
  const app = await startTestApp(options);
  apps.push(app);
  return app.client;
}

type Client = TestApp['client'];
type Answer = Awaited<ReturnType<Client['post']>>;

const codeOf = ({ status, json }: Answer) => [status, (json as Partial<Problem>).code];
const idOf = ({ json }: Answer) => (json as Session).id;
const EXCEEDED = [429, 'sessions_exceeded'];

describe('the limits of a session', () => {
  it.each([
    [{ memory_mb: 1_025 }, ['limits.memory_mb', '1024']],
    [{ cpus: 2.5 }, ['limits.cpus', '2']],
    [{ pids: 101 }, ['limits.pids', '100']],
    [{ disk_mb: 501 }, ['limits.disk_mb', '500']],
  ])('are refused above the maxima of the service: %j', async (limits, named) => {
    const client = await start({ maxima: MAXIMA });
    const reply = await client.post('sessions', { name: 'big', limits });
    expect(codeOf(reply)).toEqual([422, 'validation_failed']);
    const { detail, errors } = reply.json as Problem;
    for (const part of named) expect(detail).toContain(part);
    expect(errors).toEqual([{ path: named[0], message: expect.stringContaining('RAWORC_MAX_') }]);
    expect(codeOf(await client.post('sessions', { name: 'big', limits: MAXIMA }))[0]).toBe(201);
  });

  it('are each named when several are too high', async () => {
    const client = await start({ maxima: MAXIMA });
    const reply = await client.post('sessions', {
      limits: { memory_mb: 2_000, cpus: 3, pids: 50, disk_mb: 600 },
    });
    expect((reply.json as Problem).errors).toHaveLength(3);
  });

  it('are lowered in the remix of a session that is older than the maxima', async () => {
    const parts = createMemoryStore();
    const before = await start({ parts });
    const source = await before.post('sessions', { limits: { memory_mb: 4_096, pids: 50, disk_mb: 9_000 } });
    const client = await start({ parts, maxima: MAXIMA });
    const reply = await client.post(`sessions/${idOf(source)}/remix`, { code: false, data: false });
    expect(reply.status).toBe(201);
    const [created] = await parts.store.read(idOf(reply));
    expect(created?.event.data).toMatchObject({ limits: { memory_mb: 1_024, pids: 50, disk_mb: 500 } });
  });

  it('have no maximum of the disk where the service sets none', async () => {
    const { disk_mb: _, ...maxima } = MAXIMA;
    const parts = createMemoryStore();
    const client = await start({ parts, maxima });
    const limits = { disk_mb: 1_000_000 };
    const source = await client.post('sessions', { limits });
    expect(source.status).toBe(201);
    const remix = await client.post(`sessions/${idOf(source)}/remix`, { code: false, data: false });
    const [created] = await parts.store.read(idOf(remix));
    expect(created?.event.data).toMatchObject({ limits });
  });

  it('cannot be changed later', async () => {
    const client = await start({ maxima: MAXIMA });
    const id = idOf(await client.post('sessions'));
    const reply = await client.send('PATCH', `sessions/${id}`, { body: { limits: { pids: 50 } } });
    expect(codeOf(reply)).toEqual([422, 'validation_failed']);
  });
});

describe('a cap on open sessions', () => {
  const CAP = 4;

  it('holds for many creations at once, and says what to do', async () => {
    const client = await start({ caps: { open: CAP, all: 0 } });
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.post('sessions')));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(CAP);
    const refused = replies.find(({ status }) => status !== 201);
    expect(refused && codeOf(refused)).toEqual(EXCEEDED);
    const { detail } = refused?.json as Problem;
    expect(detail).toContain('at most 4 sessions open');
    expect(detail).toContain('RAWORC_MAX_OPEN_SESSIONS');
    expect(detail).toContain('Close or delete');
    expect((await client.get('sessions')).json).toHaveLength(CAP);
  });

  it('leaves no trace of what it refuses', async () => {
    const client = await start({ caps: { open: 1, all: 0 } });
    const first = await client.post('sessions');
    expect(codeOf(await client.post('sessions', { name: 'wanted' }))).toEqual(EXCEEDED);
    await client.post(`sessions/${idOf(first)}/close`);
    expect((await client.post('sessions', { name: 'wanted' })).status).toBe(201);
  });

  it('counts whatever opens a session', async () => {
    const client = await start({ caps: { open: 2, all: 0 } });
    const closed = idOf(await client.post('sessions'));
    await client.post(`sessions/${closed}/close`);
    const open = await Promise.all([client.post('sessions'), client.post('sessions')]);
    const attempts = [
      () => client.post(`sessions/${closed}/restore`),
      () => client.post(`sessions/${closed}/messages`, { content: 'wake up' }),
      () => client.send('PUT', `sessions/${closed}/state`, { body: { state: 'idle' } }),
      () => client.post(`sessions/${closed}/remix`, { code: false, data: false }),
    ];
    for (const attempt of attempts) expect(codeOf(await attempt())).toEqual(EXCEEDED);
    const events = (await client.get(`sessions/${closed}/events`)).json as { type: string }[];
    expect(events.map(({ type }) => type)).toEqual(['session.created', 'session.closed']);

    // What is open goes on, and what ends makes room.
    const [first] = open.map(idOf);
    expect((await client.post(`sessions/${first}/messages`, { content: 'hello' })).status).toBe(201);
    expect((await client.post(`sessions/${first}/restore`)).status).toBe(200);
    expect((await client.send('DELETE', `sessions/${first}`)).status).toBe(204);
    expect((await client.post(`sessions/${closed}/restore`)).status).toBe(200);
  });

  it('does not refuse to repeat what was done already', async () => {
    const client = await start({ caps: { open: 1, all: 0 } });
    const once = () => client.post('sessions', {}, { 'idempotency-key': 'k' });
    const first = await once();
    expect(codeOf(await client.post('sessions'))).toEqual(EXCEEDED);
    const again = await once();
    expect([again.status, idOf(again)]).toEqual([201, idOf(first)]);
  });
});

it('a cap on all sessions counts closed ones, and deleting makes room', async () => {
  const client = await start({ caps: { open: 0, all: 2 } });
  const [first, second] = [await client.post('sessions'), await client.post('sessions')];
  await client.post(`sessions/${idOf(first)}/close`);
  const refused = await client.post('sessions');
  expect(codeOf(refused)).toEqual(EXCEEDED);
  expect((refused.json as Problem).detail).toContain('RAWORC_MAX_SESSIONS');
  expect((await client.post(`sessions/${idOf(first)}/restore`)).status).toBe(200);
  await client.send('DELETE', `sessions/${idOf(second)}`);
  expect((await client.post('sessions')).status).toBe(201);
});
