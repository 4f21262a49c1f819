import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERROR_CODES, LIMITS, type Problem, type Session } from '#contracts';
import type { RequestOptions } from '../testing/client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const JSON_TYPE = { 'content-type': 'application/json' };
let app: TestApp;
let id: string;
beforeAll(async () => {
  app = await startTestApp();
  id = ((await app.client.post('sessions')).json as Session).id;
});
afterAll(() => app.stop());

async function refused(method: string, path: string, options?: RequestOptions): Promise<Problem> {
  const reply = await app.client.send(method, path, options);
  expect(reply.headers.get('content-type')).toContain('application/problem+json');
  const problem = reply.json as Problem;
  const { status, title } = ERROR_CODES[problem.code];
  expect(problem).toMatchObject({ status, title, type: `urn:raworc:problem:${problem.code}` });
  expect(reply.status).toBe(status);
  expect(problem.detail.length).toBeGreaterThan(10);
  return problem;
}

describe('a body', () => {
  it.each(['{', '{"content":', 'not json', '{"a":1,}', '\u0000', '{"a":1} {"b":2}', "{'content':'x'}"])(
    'that is not JSON: %j',
    async (raw) => {
      const problem = await refused('POST', `sessions/${id}/messages`, { raw, headers: JSON_TYPE });
      expect(problem.code).toBe('malformed_json');
    },
  );

  it.each([
    ['sessions', [], ''],
    ['sessions', null, ''],
    ['sessions', 'text', ''],
    ['sessions', { name: 'Not A Name' }, 'name'],
    ['sessions', { name: 7 }, 'name'],
    ['sessions', { metadata: [] }, 'metadata'],
    ['sessions', { metadata: { big: 'x'.repeat(LIMITS.metadataBytes) } }, 'metadata'],
    ['sessions', { timeout_seconds: -1 }, 'timeout_seconds'],
    ['sessions', { timeout_seconds: 1.5 }, 'timeout_seconds'],
    ['sessions', { secrets: { 'not a name': 'x' } }, 'secrets.not a name'],
    ['sessions', { secrets: { S: 'a\u0000b' } }, 'secrets.S'],
    ['sessions', { setup: 'echo \u0000' }, 'setup'],
    ['sessions', { limits: { cpus: 'many' } }, 'limits.cpus'],
    ['sessions', { unknown: true }, ''],
    ['sessions', { model: 'a\u0000b' }, 'model'],
    ['sessions', { image: 'a\u0000b' }, 'image'],
    ['sessions/:id/messages', {}, 'content'],
    ['sessions/:id/messages', { content: '' }, 'content'],
    ['sessions/:id/messages', { content: 'x', role: 'host' }, 'role'],
    ['sessions/:id/remix', { at: 0 }, 'at'],
    ['sessions/:id/remix', { data: 'yes' }, 'data'],
    ['sessions/:id/restore', { prompt: 1 }, 'prompt'],
  ])('of the wrong form: %s %j', async (path, body, field) => {
    const problem = await refused('POST', path.replace(':id', id), { body });
    expect(problem.code).toBe('validation_failed');
    expect(problem.errors?.map((error) => error.path)).toContain(field);
  });

  it.each([
    ['sessions', [], 'must be an object, not a list.'],
    ['sessions', { unknown: true, more: 1 }, 'has no field "unknown" or "more".'],
    ['sessions', { name: 7 }, 'name: must be text, not a number.'],
    ['sessions', { desktop: 'yes' }, 'desktop: must be true or false, not text.'],
    ['sessions', { metadata: null }, 'metadata: must be an object, not null.'],
    ['sessions', { timeout_seconds: 1.5 }, 'timeout_seconds: must be a whole number.'],
    [
      'sessions',
      { timeout_seconds: 1e30 },
      /^timeout_seconds: (is too large a number|must be at most 604800)/,
    ],
    ['sessions', { limits: { cpus: 0 } }, 'limits.cpus: must be at least 0.1.'],
    ['sessions', { limits: { cpus: Number.NaN } }, 'limits.cpus: must be a number, not null.'],
    ['sessions', { network: 'all' }, 'network: must be "egress" or "none".'],
    ['sessions', { model: '' }, 'model: must not be empty.'],
    ['sessions', { model: 'x'.repeat(200) }, 'model: must have at most 128 characters.'],
    ['sessions/:id/messages', {}, 'content: is missing.'],
    [
      'sessions/:id/remix',
      { at: true },
      /^at: must be a version of the source, .* or the id of a message\.$/,
    ],
    ['sessions/:id/control', { lease_id: 'x' }, 'lease_id: must be a UUID, as the reply before gave it.'],
  ])('of the wrong form is told what is right: %s %j', async (path, body, detail) => {
    const problem = await refused('POST', path.replace(':id', id), { body });
    expect(problem.detail).toMatch(detail);
    expect(JSON.stringify(problem)).not.toMatch(/Invalid|expected|received|NaN|undefined/);
  });

  it.each([
    ['POST', 'sessions/:id/messages', '{"content":"a\\ud83d"}', 'content'],
    ['POST', 'sessions/:id/messages', '{"content":"a","metadata":{"k":["\\udc00"]}}', 'metadata.k.0'],
    ['POST', 'sessions', '{"instructions":"a\\ud83d"}', 'instructions'],
    ['POST', 'sessions', '{"setup":"a\\ud83d"}', 'setup'],
    ['POST', 'sessions', '{"prompt":"a\\ud83d"}', 'prompt'],
    ['POST', 'sessions', '{"name":"a\\ud83d"}', 'name'],
    ['POST', 'sessions', '{"secrets":{"A":"a\\ud83d"}}', 'secrets.A'],
    ['POST', 'sessions', '{"metadata":{"k\\ud83d":1}}', 'metadata.k\ufffd'],
    ['POST', 'sessions', '{"metadata":{"a":{"__proto__":1}}}', 'metadata.a.__proto__'],
    ['POST', 'sessions', '{"metadata":{"n":1e999}}', 'metadata.n'],
    ['PATCH', 'sessions/:id', '{"instructions":"a\\ud83d"}', 'instructions'],
    ['PATCH', 'sessions/:id', '{"metadata":{"k":"\\ud83d"}}', 'metadata.k'],
    ['POST', 'sessions/:id/remix', '{"instructions":"\\ud83d"}', 'instructions'],
    ['POST', 'sessions/:id/restore', '{"prompt":"\\ud83d"}', 'prompt'],
    ['PUT', 'sessions/:id/state', '{"state":"idle","more":"\\ud83d"}', 'more'],
  ])('with what cannot be kept as it came: %s %s %s', async (method, path, raw, field) => {
    const problem = await refused(method, path.replace(':id', id), { raw, headers: JSON_TYPE });
    expect(problem.code).toBe('validation_failed');
    expect(problem.errors?.map((error) => error.path)).toEqual([field]);
    expect(problem.detail).toContain(field);
  });

  it('keeps metadata keys that JavaScript uses itself', async () => {
    const metadata = {
      constructor: 'c',
      prototype: 'p',
      toString: 't',
      hasOwnProperty: 'h',
      nested: { constructor: 1 },
    };
    const created = await app.client.send('POST', 'sessions', { body: { metadata } });
    const session = created.json as Session;
    expect(Object.entries(session.metadata)).toEqual(Object.entries(metadata));
    const found = await app.client.get('sessions?metadata.constructor=c');
    expect((found.json as Session[]).map((each) => each.id)).toEqual([session.id]);
  });

  it('that is not said to be JSON', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const problem = await refused('POST', `sessions/${id}/messages`, { raw: '{"content":"x"}', headers });
    expect(problem.code).toBe('media_type_unsupported');
    expect(problem.detail).toContain('Content-Type: application/json');
  });

  it('may leave its type unsaid, or be missing where nothing is needed', async () => {
    const raw = new TextEncoder().encode('{"content":"x"}');
    expect((await app.client.send('POST', `sessions/${id}/messages`, { raw })).status).toBe(201);
    const empty = await app.client.send('POST', `sessions/${id}/close`, { raw: '', headers: JSON_TYPE });
    expect(empty.status).toBe(200);
    expect((await refused('POST', `sessions/${id}/messages`)).code).toBe('validation_failed');
  });

  it('that is too large', async () => {
    const raw = `{"content":"${'x'.repeat(LIMITS.bodyBytes)}"}`;
    const problem = await refused('POST', `sessions/${id}/messages`, { raw, headers: JSON_TYPE });
    expect(problem.code).toBe('body_too_large');
    expect(problem.detail).toContain(String(LIMITS.bodyBytes));
  });

  it('that is nested too deeply', async () => {
    const raw = `{"metadata":{"a":${'['.repeat(500_000)}${']'.repeat(500_000)}}}`;
    const problem = await refused('POST', 'sessions', { raw, headers: JSON_TYPE });
    expect(problem.code).toBe('validation_failed');
  });

  it('that wants to be clever', async () => {
    const raw = '{"metadata":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}';
    const problem = await refused('POST', 'sessions', { raw, headers: JSON_TYPE });
    expect(problem.errors?.map((error) => error.path)).toEqual(['metadata.__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('an address', () => {
  it.each([
    'sessions/nobody',
    'sessions/01890000-0000-7000-8000-000000000000',
    'sessions/%F0%9F%92%A9',
    `sessions/${'x'.repeat(400)}`,
  ])('of a session that is not: %s', async (path) => {
    for (const rest of ['', '/messages', '/messages/count', '/events']) {
      expect((await refused('GET', path + rest)).code).toBe('session_not_found');
    }
    for (const verb of ['close', 'restore', 'interrupt', 'remix']) {
      expect((await refused('POST', `${path}/${verb}`)).code).toBe('session_not_found');
    }
    const options = { body: { state: 'idle' } };
    expect((await refused('PUT', `${path}/state`, options)).code).toBe('session_not_found');
    expect((await refused('DELETE', path)).code).toBe('session_not_found');
    expect((await refused('DELETE', `${path}/messages`)).code).toBe('session_not_found');
  });

  it.each(['/', '/nothing', '/api/v0', '/api/v0/nothing', '/api/v0/sessions/x/y/z'])(
    'where nothing is: %s',
    async (path) => {
      for (const method of ['GET', 'POST', 'DELETE'])
        expect((await refused(method, path)).code).toBe('not_found');
    },
  );

  it('that does not take the method', async () => {
    const reply = await app.client.send('DELETE', 'sessions');
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'GET, POST']);
    expect((await refused('GET', `sessions/${id}/close`)).code).toBe('method_not_allowed');
  });

  it('that is none', async () => {
    expect((await refused('GET', 'sessions/%zz')).code).toBe('malformed_request');
  });
});

describe('a caller', () => {
  it.each([undefined, '', 'Bearer', 'Bearer wrong', 'Basic YTpi', 'Bearer a-token-for-specs x'])(
    'without the token: %j',
    async (authorization) => {
      for (const path of ['/api/v0/sessions', '/api/v0/nothing', '/metrics', '/api/v0/events']) {
        const reply = await fetch(app.url + path, {
          headers: authorization === undefined ? {} : { authorization },
        });
        expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="raworc"']);
        expect(((await reply.json()) as Problem).detail).toContain('Authorization: Bearer');
      }
    },
  );

  it('without the token may ask whether the service is well, and which it is', async () => {
    for (const path of ['/healthz', '/readyz', '/version', '/api/v0/version', '/docs', '/docs/json']) {
      expect((await fetch(app.url + path)).status).toBe(200);
    }
  });

  it('on a page of another origin', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1']) {
      expect((await refused('GET', '/version', { headers: { origin } })).code).toBe('origin_refused');
    }
    expect((await app.client.get('sessions', { origin: app.url })).status).toBe(200);
  });
});

it('has logged nothing, as all of it was the caller', () => {
  expect(app.logged).toEqual([]);
});

describe('a query', () => {
  it.each([
    ['GET', 'sessions?stat=idle', 'stat'],
    ['GET', 'sessions?metadata=x', 'metadata'],
    ['GET', 'sessions/:id?state=idle', 'state'],
    ['GET', 'sessions/:id/messages?limt=1', 'limt'],
    ['GET', 'sessions/:id/messages/count?limit=1', 'limit'],
    ['GET', 'sessions/:id/events?metadata.a=b', 'metadata.a'],
    ['GET', 'events?since=1', 'since'],
    ['DELETE', 'sessions/:id?erased=true', 'erased'],
    ['POST', 'sessions/:id/close?until=idle', 'until'],
    ['POST', 'sessions?min_sequence=1', 'min_sequence'],
    ['GET', 'sessions?__proto__=1', '__proto__'],
  ])('with a parameter that there is not: %s %s', async (method, path, field) => {
    const problem = await refused(method, path.replace(':id', id));
    expect(problem).toMatchObject({ code: 'validation_failed', errors: [{ path: field }] });
    expect(problem.detail).toContain('no such query parameter');
  });

  it.each([
    ['POST', 'sessions/:id/close?wait=soon', 'wait: kept, true, false, or seconds from 0 to 600.'],
    ['POST', 'sessions/:id/restore?timeout=long', 'timeout: seconds from 0 to 600.'],
    [
      'GET',
      'sessions?created_before=yesterday',
      'created_before: a time in unix seconds, such as 1767225600.',
    ],
    ['GET', 'sessions/:id/messages?limit=all', 'limit: a whole number from 1 on.'],
    ['GET', 'sessions?state=asleep', 'state: must be "init", "idle", "busy" or "closed".'],
    ['GET', 'sessions?after=1&after=2', 'after: must be text, not a list.'],
    ['GET', 'events?limit=NaN', 'limit: a whole number from 1 on.'],
    ['DELETE', 'sessions/:id?erase=yes', 'erase: must be "true" or "false".'],
    ['GET', 'events?after=1.5', 'after: a sequence of the log: a whole number from 0 on.'],
  ])('of the wrong kind is told what is allowed: %s %s', async (method, path, detail) => {
    expect((await refused(method, path.replace(':id', id))).detail).toBe(detail);
  });

  it('has at most 16 conditions on metadata', async () => {
    const filters = (count: number) => Array.from({ length: count }, (_, n) => `metadata.k${n}=v`).join('&');
    expect((await app.client.get(`sessions?${filters(16)}`)).json).toEqual([]);
    const problem = await refused('GET', `sessions?${filters(17)}`);
    expect(problem).toMatchObject({ code: 'validation_failed', errors: [{ path: 'metadata' }] });
    expect(problem.detail).toContain('at most 16');
  });
});
