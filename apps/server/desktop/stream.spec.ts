import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ComputerError } from '#computers';
import type { Session } from '#contracts';
import {
  BEARER,
  createDesktopSession,
  openDesktop,
  type DesktopClientOptions,
} from '../testing/desktop-client.js';
import { startTestApp, type TestApp } from '../testing/test-app.js';

let app: TestApp;
let session: Session;
beforeAll(async () => {
  app = await startTestApp();
  session = await createDesktopSession(app);
});
afterEach(() => {
  app.desktops.failure = undefined;
});
afterAll(async () => {
  await app.stop();
  expect(app.logged).toEqual([]);
});

/** A connection, and its other end. */
async function watch(reference = session.id, options: DesktopClientOptions = {}) {
  const index = app.desktops.connections.length;
  const client = openDesktop(app, reference, options);
  const connection = await app.desktops.connection(index);
  return { client, ...connection };
}

async function passOf(id: string): Promise<string> {
  const { url } = (await app.client.post(`sessions/${id}/desktop`)).json as { url: string };
  const response = await fetch(url, { redirect: 'manual' });
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

describe('a stream', () => {
  it('carries bytes both ways, as the binary protocol, for id, name and beginning of the id', async () => {
    for (const reference of [session.id, session.name, session.id.slice(0, 30)]) {
      const { client, screen, sessionId, control } = await watch(reference);
      expect([sessionId, control]).toEqual([session.id, false]);
      await client.shows('RFB 003.008\n');
      expect(client.socket.protocol).toBe('binary');
      client.socket.send(Buffer.from('RFB 003.008\n'));
      const [bytes] = (await once(screen, 'data')) as [Buffer];
      expect(bytes.toString()).toBe('RFB 003.008\n');
      client.socket.close();
      await once(screen, 'close');
    }
  });

  it('opens with the cookie of its session, from a page of this service', async () => {
    const cookie = await passOf(session.id);
    const { client } = await watch(session.id, { headers: { cookie, origin: app.url } });
    await client.shows('RFB');
    client.socket.close();
    await client.closed;
    const other = await createDesktopSession(app);
    const attempts: [string, Record<string, string>, number][] = [
      [session.id, { cookie }, 401],
      [session.id, { cookie, origin: 'http://evil.example' }, 403],
      [session.id, { ...BEARER, origin: 'http://127.0.0.1:1' }, 403],
      [session.id, { ...BEARER, origin: 'null' }, 403],
      [other.id, { cookie, origin: app.url }, 401],
      [session.id, { origin: app.url }, 401],
      [session.id, { authorization: 'Bearer wrong' }, 401],
    ];
    for (const [id, headers, status] of attempts) {
      expect((await openDesktop(app, id, { headers }).refused).status).toBe(status);
    }
  });

  it('does not open for a session that is not, or a lease that is none', async () => {
    const nobody = await openDesktop(app, 'nobody').refused;
    expect([nobody.status, nobody.problem.code]).toEqual([404, 'session_not_found']);
    const lease = await openDesktop(app, session.id, { query: '?control=1&lease_id=x' }).refused;
    expect([lease.status, lease.problem.code]).toEqual([422, 'validation_failed']);
    const plain = await app.client.get(`sessions/${session.id}/desktop/stream`);
    expect([plain.status, (plain.json as { code: string }).code]).toEqual([426, 'upgrade_required']);
  });

  it('ends at once, with the reason, where there is no screen', async () => {
    const without = (await app.client.post('sessions')).json as Session;
    const missing = await openDesktop(app, without.id).closed;
    expect([missing.code, missing.reason.split(':')[0]]).toEqual([4409, 'desktop_missing']);
    app.desktops.failure = new ComputerError(
      'desktop_failed',
      `The screen did not start: ${'x'.repeat(200)}`,
    );
    const failed = await openDesktop(app, session.id).closed;
    expect([failed.code, failed.reason.slice(0, 40)]).toEqual([
      4503,
      'computer_failed: The screen did not star',
    ]);
  });

  it('ends when the screen does, and the screen is left when the client goes', async () => {
    const { client, screen } = await watch();
    await client.shows('RFB');
    screen.end();
    expect(await client.closed).toMatchObject({
      code: 4503,
      reason: expect.stringContaining('computer_failed'),
    });
    const second = await watch();
    second.client.socket.terminate();
    await once(second.screen, 'close');
  });

  it('ends when the session closes, and when it is deleted', async () => {
    const own = await createDesktopSession(app);
    const { client, screen } = await watch(own.id);
    await app.client.post(`sessions/${own.id}/close`);
    const closed = await client.closed;
    expect([closed.code, closed.reason.split(':')[0]]).toEqual([4409, 'computer_not_running']);
    if (!screen.destroyed) await once(screen, 'close');
    expect((await openDesktop(app, own.id).closed).reason).toContain('computer_not_running');
    const other = await createDesktopSession(app);
    const second = await watch(other.id);
    await app.client.send('DELETE', `sessions/${other.id}`);
    expect((await second.client.closed).code).toBe(4404);
  });

  it('is for eight at a time', async () => {
    const own = await createDesktopSession(app);
    const all = [];
    for (let n = 0; n < 8; n++) all.push(await watch(own.id));
    const ninth = await openDesktop(app, own.id).closed;
    expect([ninth.code, ninth.reason.split(':')[0]]).toEqual([4429, 'viewers_exceeded']);
    all[0]?.client.socket.close();
    await once(all[0]?.screen ?? app.app.getHttpServer(), 'close');
    const again = await watch(own.id);
    for (const { client } of [...all, again]) client.socket.terminate();
  });

  it('ends for a client that sends too much at once', async () => {
    const { client, screen } = await watch();
    await client.shows('RFB');
    client.socket.send(Buffer.alloc(1024 * 1024 + 1));
    await client.closed;
    if (!screen.destroyed) await once(screen, 'close');
  });

  it('takes from the screen no more than the client takes', async () => {
    const { client, screen } = await watch();
    await client.shows('RFB');
    client.socket.pause();
    const chunk = Buffer.alloc(256 * 1024, 'x');
    let written = 0;
    // What the sockets of both sides hold has an end; far below all this.
    while (written < 400 && screen.write(chunk)) written += 1;
    while (written < 400 && (await drained(screen))) {
      screen.write(chunk);
      written += 1;
    }
    expect(written).toBeLessThan(400);
    client.socket.resume();
    await once(screen, 'drain');
    client.socket.terminate();
    await once(screen, 'close');
  });

  it('takes from the client no more than the screen takes', async () => {
    const { client, screen } = await watch();
    await client.shows('RFB');
    screen.pause();
    const chunk = Buffer.alloc(256 * 1024, 'x');
    for (let n = 0; n < 200; n++) client.socket.send(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    let received = 0;
    screen.on('data', (bytes: Buffer) => (received += bytes.length));
    screen.resume();
    while (received < 200 * chunk.length) await once(screen, 'data');
    client.socket.terminate();
  });
});

/** False when nothing moves for a while. */
function drained(screen: NodeJS.EventEmitter): Promise<boolean> {
  return once(screen, 'drain', { signal: AbortSignal.timeout(300) }).then(
    () => true,
    () => false,
  );
}

describe('a server with streams', () => {
  it('cuts off a client that does not answer', async () => {
    const quick = await startTestApp({ timing: { heartbeat: 30 } });
    const { id } = await createDesktopSession(quick);
    const client = openDesktop(quick, id);
    await client.shows('RFB');
    const { screen } = await quick.desktops.connection(0);
    client.socket.pause();
    await once(screen, 'close');
    client.socket.terminate();
    await quick.stop();
  });

  it('stops with them, even when a client does not let go', async () => {
    const own = await startTestApp();
    const { id } = await createDesktopSession(own);
    const client = openDesktop(own, id);
    const deaf = openDesktop(own, id);
    await Promise.all([client.shows('RFB'), deaf.shows('RFB')]);
    deaf.socket.pause();
    await own.stop();
    expect((await client.closed).code).toBe(1001);
    deaf.socket.terminate();
    expect(own.desktops.connections.every(({ screen }) => screen.destroyed)).toBe(true);
  });

  it('answers others that offer to upgrade as if they did not', async () => {
    const { hostname, port } = new URL(app.url);
    const ask = async (path: string): Promise<string> => {
      const socket = connect(Number(port), hostname);
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
      );
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text.split('\r\n', 1)[0] ?? '';
    };
    expect(await ask('/healthz')).toBe('HTTP/1.1 200 OK');
    expect(await ask(`/api/v0/sessions/${session.id}/desktop/stream`)).toContain('401');
    expect(await ask('/api/v0/sessions/%zz/desktop/stream')).toContain('401');
  });
});
