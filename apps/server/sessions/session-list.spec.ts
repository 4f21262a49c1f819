import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Session } from '#contracts';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const COUNT = 1_203;
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  for (let number = 0; number < COUNT; number += 50) {
    const those = Array.from({ length: Math.min(50, COUNT - number) }, (_, index) => number + index);
    await Promise.all(
      those.map((n) => app.client.post('sessions', { metadata: { n, parity: n % 2 ? 'odd' : 'even' } })),
    );
  }
}, 120_000);
afterAll(() => app.stop());

const list = async (query: string) => (await app.client.get(`sessions${query}`)).json as Session[];

describe('the list of sessions', () => {
  it('has all of them, newest first, as a bare array', async () => {
    const sessions = await list('');
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(COUNT);
    const times = sessions.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  it('leads from page to page', async () => {
    const seen: string[] = [];
    let next: string | undefined = '/api/v0/sessions?limit=500&metadata.parity=odd';
    while (next !== undefined) {
      const reply = await app.client.get(next);
      const page = reply.json as Session[];
      expect(page.length).toBeLessThanOrEqual(500);
      seen.push(...page.map(({ id }) => id));
      next = /^<(.*)>; rel="next"$/.exec(reply.headers.get('link') ?? '')?.[1];
    }
    expect(new Set(seen).size).toBe(Math.floor(COUNT / 2));
    expect(seen.length).toBe(Math.floor(COUNT / 2));
  });

  it('is filtered', async () => {
    const [newest] = await list('?limit=1');
    expect(await list(`?name=${newest?.name}`)).toEqual([newest]);
    expect(await list('?metadata.n=7')).toHaveLength(1);
    expect(await list('?state=init&limit=3')).toHaveLength(3);
    expect(await list('?state=idle')).toEqual([]);
    expect(await list(`?created_after=${newest?.created_at}`)).toEqual([]);
    expect(await list('?created_before=1')).toEqual([]);
    expect(await list(`?parent=${newest?.id}`)).toEqual([]);
  });

  it('is [] when empty', async () => {
    expect((await app.client.get('sessions?state=busy')).text).toBe('[]');
  });

  it.each([
    '?state=errored',
    '?limit=0',
    '?limit=x',
    '?after=nonsense',
    '?state=idle&state=busy',
    '?metadata.n=7&metadata.n=8',
    '?created_before=x',
  ])('refuses %s', async (query) => {
    const reply = await app.client.get(`sessions${query}`);
    expect(reply.status).toBe(422);
    expect(reply.json).toMatchObject({ code: 'validation_failed', errors: [expect.anything()] });
  });
});
