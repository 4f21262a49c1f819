import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ControlLease, DesktopLink, DesktopStatus, Problem, Session } from '#contracts';
import { createDesktopSession } from '../testing/desktop-client.js';
import { openEventSource } from '../testing/event-source.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

let app: TestApp;
let session: Session;
beforeAll(async () => {
  app = await startTestApp();
  session = await createDesktopSession(app);
});
afterAll(() => app.stop());

async function link(reference = session.id): Promise<DesktopLink> {
  return (await app.client.post(`sessions/${reference}/desktop`)).json as DesktopLink;
}

/** As a browser that has nothing yet. */
const visit = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: 'manual' });

async function enter(): Promise<{ cookies: string[]; cookie: string; page: string }> {
  const response = await visit((await link()).url);
  const cookies = response.headers.getSetCookie();
  const cookie = cookies[0]?.split(';')[0] ?? '';
  return { cookies, cookie, page: `${app.url}${/url=([^"]+)/.exec(await response.text())?.[1]}` };
}

describe('the address of a desktop', () => {
  it('works once: it becomes a cookie for this desktop only, and leaves no ticket behind', async () => {
    const { url, expires_at } = await link(session.name);
    expect(url).toMatch(new RegExp(`^${app.url}/api/v0/sessions/${session.id}/desktop\\?ticket=[\\w-]{43}$`));
    expect(expires_at - Date.now() / 1000).toBeGreaterThan(50);
    expect(expires_at - Date.now() / 1000).toBeLessThan(61);
    const first = await visit(url);
    expect([first.status, await first.text()]).toEqual([
      200,
      expect.stringContaining(`"0; url=/api/v0/sessions/${session.id}/desktop"`),
    ]);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(first.headers.get('referrer-policy')).toBe('no-referrer');
    expect(first.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        new RegExp(`HttpOnly; SameSite=Strict; Path=/api/v0/sessions/${session.id}/desktop$`),
      ),
      expect.stringMatching(
        new RegExp(`HttpOnly; SameSite=Strict; Path=/api/v0/sessions/${session.id}/control$`),
      ),
    ]);
    const second = await visit(url);
    expect([second.status, ((await second.json()) as Problem).code]).toEqual([401, 'unauthorized']);
    expect(app.logged).toEqual([]);
  });

  it('tells a person in words when it does not work any more', async () => {
    const { url } = await link();
    await visit(url);
    const accept = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    for (const address of [url, url.replace(/\?.*/, '')]) {
      const response = await visit(address, accept);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect([response.status, policy]).toEqual([401, expect.stringContaining("default-src 'none'")]);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await response.text()).toContain(`raworc session desktop ${session.id}`);
    }
    const missing = await visit(`${app.url}/api/v0/sessions/nobody/desktop`, {
      ...accept,
      authorization: `Bearer ${TOKEN}`,
    });
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining('<h2>')]);
  });

  it('makes a secure cookie behind a proxy that ends TLS', async () => {
    const response = await fetch((await link()).url, {
      headers: { 'x-forwarded-proto': 'https' },
      redirect: 'manual',
    });
    expect(response.headers.getSetCookie().every((cookie) => cookie.endsWith('; Secure'))).toBe(true);
  });

  it('is of one session, and is used up by a try at another', async () => {
    const other = await createDesktopSession(app);
    const { url } = await link();
    expect((await visit(url.replace(session.id, other.id))).status).toBe(401);
    expect((await visit(url)).status).toBe(401);
    expect((await visit(url.replace(/ticket=.*/, 'ticket=guess'))).status).toBe(401);
  });

  it('is given with the token only, and where there is a desktop', async () => {
    const { cookie } = await enter();
    const headers = { cookie, origin: app.url };
    const address = `${app.url}/api/v0/sessions/${session.id}/desktop`;
    expect((await fetch(address, { method: 'POST', headers })).status).toBe(401);
    const without = (await app.client.post('sessions')).json as Session;
    const refused = await app.client.post(`sessions/${without.id}/desktop`);
    expect([refused.status, (refused.json as Problem).code]).toEqual([409, 'desktop_missing']);
  });

  it('becomes a pass that gives back only the control whose id it knows', async () => {
    const { cookie } = await enter();
    const { lease_id } = (await app.client.post(`sessions/${session.id}/control`)).json as ControlLease;
    const release = async (query: string) =>
      (
        await fetch(`${app.url}/api/v0/sessions/${session.id}/control${query}`, {
          method: 'DELETE',
          headers: { cookie, origin: app.url },
        })
      ).status;
    const holder = async () =>
      ((await app.client.get(`sessions/${session.id}`)).json as Session).controlled_by;
    expect([await release(''), await release('?lease_id='), await holder()]).toEqual([
      401,
      422,
      'user:local',
    ]);
    expect([await release(`?lease_id=${lease_id}`), await holder()]).toEqual([204, null]);
  });

  it.each([
    '/api/v0/sessions?/desktop?ticket=x',
    '/api/v0/sessions/a?/desktop?ticket=x',
    '/api/v0/sessions/a%3F/desktop?ticket=x',
    '/api/v0/sessions/a#/desktop?ticket=x',
    '/api/v0/sessions/a?ticket=x',
    '/api/v0/sessions/a/desktop/status?ticket=x',
    '/api/v0/desktop/page/../../sessions',
    '/api/v0/desktop/page/%2e%2e/%2e%2e/sessions',
  ])('opens nothing else: %s', async (path) => {
    expect((await visit(app.url + path)).status).toBeGreaterThanOrEqual(401);
  });
});

describe('the page', () => {
  it('comes with the cookie or the token, under a strict policy', async () => {
    const { cookie, page } = await enter();
    const allowed: Record<string, string>[] = [{ cookie }, { authorization: `Bearer ${TOKEN}` }];
    for (const headers of allowed) {
      const response = await visit(page, headers);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'text/html; charset=utf-8',
      ]);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      const html = await response.text();
      expect(html).not.toMatch(/<style|<script(?![^>]* src=)[^>]*>| style=| on\w+=/);
    }
    expect((await visit(page)).status).toBe(401);
    expect((await visit(page, { cookie: `${cookie}x` })).status).toBe(401);
    expect((await visit(page, { cookie: 'raworc_desktop=' })).status).toBe(401);
  });

  it('is of its session only, and its cookie opens nothing else', async () => {
    const { cookie } = await enter();
    const other = await createDesktopSession(app);
    const paths = [
      `sessions/${other.id}/desktop`,
      `sessions/${session.name}/desktop`,
      'sessions',
      `sessions/${session.id}`,
      `sessions/${session.id}/screenshot`,
      `sessions/${session.id}/events`,
    ];
    for (const path of paths) expect((await visit(`${app.url}/api/v0/${path}`, { cookie })).status).toBe(401);
  });

  it('is still open after the server started again, but not on one with another token', async () => {
    const { cookie } = await enter();
    const again = await startTestApp({ parts: app.parts });
    await again.views.waitFor((await app.parts.store.info()).lastSequence, 2_000);
    const page = `${again.url}/api/v0/sessions/${session.id}/desktop`;
    expect((await visit(page, { cookie })).status).toBe(200);
    await again.stop();
  });

  it('gives back control only as a page of this service', async () => {
    const { cookie } = await enter();
    const address = `${app.url}/api/v0/sessions/${session.id}/control`;
    const release = (headers: Record<string, string>) =>
      fetch(`${address}?lease_id=${randomUUID()}`, { method: 'DELETE', headers: { cookie, ...headers } });
    expect((await release({})).status).toBe(401);
    expect((await release({ origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await release({ origin: app.url })).status).toBe(204);
    const take = await fetch(address, { method: 'POST', headers: { cookie, origin: app.url } });
    expect(take.status).toBe(401);
  });

  it('is told the state of the session, and whenever it changes', async () => {
    const own = await createDesktopSession(app);
    const now = await app.client.get(`sessions/${own.id}/desktop/status`);
    expect(now.json).toEqual({
      session_id: own.id,
      name: own.name,
      state: 'idle',
      desktop: true,
      controlled_by: null,
    });
    const source = await openEventSource(`${app.url}/api/v0/sessions/${own.id}/desktop/status`, {
      authorization: `Bearer ${TOKEN}`,
    });
    const told = (fits: (status: DesktopStatus) => boolean) =>
      source.next(({ data }) => data !== '' && fits(JSON.parse(data) as DesktopStatus));
    await told(({ state }) => state === 'idle');
    await app.client.post(`sessions/${own.id}/control`);
    await told((status) => status.controlled_by === 'user:local');
    await app.client.post(`sessions/${own.id}/close`);
    await told(({ state, controlled_by }) => state === 'closed' && controlled_by === null);
    await app.client.send('DELETE', `sessions/${own.id}`);
    await told(({ state }) => state === 'deleted');
    await source.ended;
  });
});

describe('the files of the page', () => {
  it.each([
    ['page/desktop.js', 'application/javascript'],
    ['page/screen.js', 'application/javascript'],
    ['page/notices.js', 'application/javascript'],
    ['page/desktop.css', 'text/css'],
    ['novnc/core/rfb.js', 'application/javascript'],
    ['novnc/vendor/pako/lib/zlib/inflate.js', 'application/javascript'],
  ])('are served to everybody: %s', async (path, type) => {
    const response = await visit(`${app.url}/api/v0/desktop/${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(type);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('import only what is served', async () => {
    const seen = new Set<string>();
    const follow = async (url: string): Promise<void> => {
      if (seen.has(url)) return;
      seen.add(url);
      const response = await visit(url);
      expect([url, response.status]).toEqual([url, 200]);
      const imports = (await response.text()).matchAll(
        /^(?:import\s|export\s|\} )(?:[^;'"]* from )?["']([./][^"']+)["']/gm,
      );
      for (const [, to = ''] of imports) await follow(new URL(to, url).href);
    };
    await follow(`${app.url}/api/v0/desktop/page/desktop.js`);
    expect(seen.size).toBeGreaterThan(30);
  });

  it.each([
    'novnc/package.json',
    'novnc/core/../package.json',
    'novnc/core/%2e%2e/package.json',
    'novnc/core/..%2fpackage.json',
    'novnc/core/%2e%2e%2f%2e%2e%2f%2e%2e%2ffastify/package.json',
    'novnc/core/..%5cpackage.json',
    'novnc/core/',
    'novnc/core',
    'page/desktop.html',
    'page/../tickets.ts',
    'page/%2e%2e/tickets.ts',
    'page/nothing.js',
  ])('are no others: %s', async (path) => {
    const reply = await app.client.get(`/api/v0/desktop/${path}`);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(500);
    expect((reply.json as Problem).code).toBeDefined();
  });
});
