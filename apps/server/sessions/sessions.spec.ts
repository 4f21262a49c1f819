import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { session, type Session } from '#contracts';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const SECRET = 'sk-very-secret';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

async function create(body: object = {}): Promise<Session> {
  const reply = await app.client.post('sessions', body);
  expect(reply.status).toBe(201);
  return session.parse(reply.json);
}

const codeOf = ({ json }: { json: unknown }) => (json as { code: string }).code;

describe('a session', () => {
  it('is created without a body, in init, and says where it is', async () => {
    const reply = await app.client.post('sessions');
    expect(reply.status).toBe(201);
    const made = session.strict().parse(reply.json);
    expect(made.state).toBe('init');
    expect(made.created_at).toBeCloseTo(Date.now() / 1000, -1);
    expect(reply.headers.get('location')).toBe(`/api/v0/sessions/${made.id}`);
    expect(Number(reply.headers.get('raworc-sequence'))).toBe(app.views.position());
    expect(Object.keys(made).filter((key) => key.includes('state'))).toEqual(['state']);
  });

  it('is found by id, name and the beginning of the id, on every address', async () => {
    const { id } = await create({ name: 'base-321' });
    const prefix = id.slice(0, 30);
    for (const reference of [id, 'base-321', prefix]) {
      for (const path of ['', '/messages', '/messages/count', '/events']) {
        expect((await app.client.get(`sessions/${reference}${path}`)).status).toBe(200);
      }
      expect((await app.client.post(`sessions/${reference}/close`)).status).toBe(200);
    }
    expect((await app.client.get(`sessions/${prefix}`)).json).toMatchObject({ id, state: 'closed' });
  });

  it('is not found by a beginning that is too short, or that several have', async () => {
    const [first] = await Promise.all([create(), create()]);
    const short = await app.client.get(`sessions/${first?.id.slice(0, 5)}`);
    expect([short.status, codeOf(short)]).toEqual([404, 'session_not_found']);
    const shared = await app.client.post(`sessions/${first?.id.slice(0, 6)}/close`);
    expect([shared.status, codeOf(shared)]).toEqual([409, 'id_ambiguous']);
  });

  it('is changed by PATCH and by PUT', async () => {
    const { id } = await create({ name: 'before', metadata: { a: 1 } });
    const patched = await app.client.send('PATCH', `sessions/${id}`, { body: { name: 'after-1' } });
    expect(patched.json).toMatchObject({ name: 'after-1', metadata: { a: 1 } });
    const put = await app.client.send('PUT', `sessions/${id}`, { body: { metadata: { b: 2 } } });
    expect(put.json).toMatchObject({ name: 'after-1', metadata: { b: 2 } });
    const nothing = await app.client.send('PATCH', `sessions/${id}`, { body: {} });
    expect([nothing.status, codeOf(nothing)]).toEqual([422, 'validation_failed']);
    expect((await app.client.get('sessions/before')).status).toBe(404);
  });

  it('refuses a name that another session has', async () => {
    await create({ name: 'taken' });
    const again = await app.client.post('sessions', { name: 'taken' });
    expect([again.status, codeOf(again)]).toEqual([409, 'name_taken']);
    const { id } = await create();
    const renamed = await app.client.send('PATCH', `sessions/${id}`, { body: { name: 'taken' } });
    expect(renamed.status).toBe(409);
  });

  it('is closed and restored as often as one likes', async () => {
    const { id } = await create();
    for (const verb of ['close', 'close', 'restore', 'restore', 'close']) {
      const reply = await app.client.post(`sessions/${id}/${verb}`);
      expect(reply.status).toBe(200);
      expect((reply.json as Session).state).toBe(verb === 'close' ? 'closed' : 'init');
    }
  });

  it('is deleted in any state, with an empty reply', async () => {
    const { id } = await create({ name: 'gone' });
    const reply = await app.client.send('DELETE', 'sessions/gone');
    expect([reply.status, reply.text]).toEqual([204, '']);
    for (const reference of [id, 'gone']) {
      const after = await app.client.get(`sessions/${reference}`);
      expect([after.status, codeOf(after)]).toEqual([404, 'session_not_found']);
    }
    expect((await app.client.send('DELETE', `sessions/${id}`)).status).toBe(404);
    expect((await app.client.post(`sessions/${id}/close`)).status).toBe(404);
    const erased = await app.client.send('DELETE', `sessions/${id}?erase=true`);
    expect(erased.status).toBe(204);
    expect(await app.parts.store.read(id)).toHaveLength(1);
  });

  it('never tells its secrets', async () => {
    const { id } = await create({ secrets: { ANTHROPIC_API_KEY: SECRET } });
    const sealed = await app.parts.store.read(id);
    const replies = await Promise.all(
      ['', '/events', '/messages'].map((path) => app.client.get(`sessions/${id}${path}`)),
    );
    replies.push(await app.client.get('events'), await app.client.post(`sessions/${id}/remix`));
    const said = replies.map(({ text }) => text).join();
    expect(said).not.toContain(SECRET);
    const created = sealed[0]?.event;
    const box = created?.type === 'session.created' ? created.data.secrets.ANTHROPIC_API_KEY : undefined;
    expect(box).toBeDefined();
    expect(said).not.toContain(box);
    expect(said).toContain('"secret_names":["ANTHROPIC_API_KEY"]');
  });

  it('needs a key for the model', async () => {
    const keyless = await startTestApp({ hasModelKey: false });
    try {
      const refused = await keyless.client.post('sessions');
      expect([refused.status, codeOf(refused)]).toEqual([400, 'model_key_missing']);
      const own = await keyless.client.post('sessions', { secrets: { ANTHROPIC_API_KEY: SECRET } });
      expect(own.status).toBe(201);
    } finally {
      await keyless.stop();
    }
  });
});

describe('a remix', () => {
  it('says what was copied', async () => {
    const source = await create({ secrets: { A: 'x' }, metadata: { kind: 'template' } });
    const reply = await app.client.post(`sessions/${source.id}/remix`, { name: 'branch' });
    expect(reply.status).toBe(201);
    expect(reply.json).toMatchObject({
      name: 'branch',
      state: 'init',
      parent_session_id: source.id,
      remixed_from: { session_id: source.id },
      copied: { messages: 0, secrets: 1, from_version: 1 },
    });
    const missing = await app.client.post(`sessions/${source.id}/remix`, { at: 'no-such-message' });
    expect([missing.status, codeOf(missing)]).toEqual([404, 'remix_point_not_found']);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the first outcome again', async () => {
    const headers = { 'idempotency-key': 'create-1' };
    const first = await app.client.post('sessions', { metadata: { a: 1, b: 2 } }, headers);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    const again = await app.client.post('sessions', { metadata: { b: 2, a: 1 } }, headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(again.json).toEqual(first.json);
    const other = await app.client.post('sessions', { metadata: { a: 2 } }, headers);
    expect([other.status, codeOf(other)]).toEqual([422, 'idempotency_key_reused']);
  });

  it('gives the same remix again', async () => {
    const { id } = await create();
    const headers = { 'idempotency-key': 'remix-1' };
    const first = await app.client.post(`sessions/${id}/remix`, {}, headers);
    const again = await app.client.post(`sessions/${id}/remix`, {}, headers);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(first.json);
  });

  it('has 1 to 255 characters', async () => {
    const long = await app.client.post('sessions', {}, { 'idempotency-key': 'k'.repeat(256) });
    expect([long.status, codeOf(long)]).toEqual([422, 'validation_failed']);
  });
});
