import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SCREEN, selectComputers, type Computers } from '#computers';
import type { DesktopLink, Session } from '#contracts';
import { eventually } from '../../../test/support/eventually.js';
import { DESKTOP_IMAGE, describeWithDocker } from '../../../test/support/needs.js';
import { openDesktop, type DesktopClient } from '../testing/desktop-client.js';
import { startComputer } from '../testing/lifecycle.js';
import { startTestApp, TOKEN, type TestApp } from '../testing/test-app.js';

const POINTER_EVENT = 5;
const NO_PASSWORD = 1;
const SHARED = 1;

describeWithDocker('a real desktop over HTTP', withRealDesktop, DESKTOP_IMAGE);

function withRealDesktop(): void {
  let computers: Computers;
  let app: TestApp;
  let id: string;
  beforeAll(async () => {
    computers = await selectComputers({
      setting: 'docker',
      root: `test-${randomUUID()}`,
      image: DESKTOP_IMAGE,
    });
    app = await startTestApp({ computers });
    id = ((await app.client.post('sessions', { desktop: true })).json as Session).id;
    await computers.create({ sessionId: id, image: DESKTOP_IMAGE });
    await computers.start(id);
    await startComputer(app, id);
    await app.views.waitFor((await app.parts.store.info()).lastSequence, 2_000);
  }, 120_000);
  afterAll(async () => {
    await app.stop();
    await computers.destroy(id);
    await computers.dispose();
  }, 120_000);

  it('is seen in a picture', async () => {
    const response = await fetch(`${app.url}/api/v0/sessions/${id}/screenshot`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect([...bytes.slice(0, 3), bytes.length > 5_000]).toEqual([0xff, 0xd8, 0xff, true]);
  }, 120_000);

  it('is open to a browser that comes by a link from elsewhere', async () => {
    const { url } = (await app.client.post(`sessions/${id}/desktop`)).json as DesktopLink;
    const elsewhere = `data:text/html,<meta http-equiv="refresh" content="0; url=${url}">`;
    const browser = `raworc_test_browser_${randomUUID()}`;
    const container = ['run', '--detach', '--rm', '--name', browser, '--network', 'host'];
    const program = [
      '--entrypoint',
      'chromium',
      DESKTOP_IMAGE,
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
    ];
    const docker = (...args: string[]) => promisify(execFile)('docker', args);
    await docker(...container, ...program, '--remote-debugging-port=0', elsewhere);
    try {
      // The page shows the screen, so it was let in, and so was its stream.
      const viewers = async () => (await app.client.get('/metrics')).text;
      await eventually(async () => /^raworc_desktop_viewers(\{.*\})? 1$/m.test(await viewers()));
    } finally {
      await docker('rm', '--force', browser);
    }
    await eventually(async () =>
      /^raworc_desktop_viewers(\{.*\})? 0$/m.test((await app.client.get('/metrics')).text),
    );
  }, 120_000);

  it('speaks RFB to whoever watches, and obeys only who has control', async () => {
    await computers.input(id, { do: 'move', to: [10, 20] });
    const watcher = openDesktop(app, id);
    expect(await handshake(watcher)).toEqual([SCREEN.width, SCREEN.height]);
    moveTo(watcher, 700, 500);
    await seePicture(watcher);
    expect(await computers.pointer(id)).toEqual([10, 20]);
    const user = openDesktop(app, id, { query: '?control=1' });
    expect(await handshake(user)).toEqual([SCREEN.width, SCREEN.height]);
    moveTo(user, 400, 300);
    await eventually(async () => isDeepStrictEqual(await computers.pointer(id), [400, 300]));
    await seePicture(user);
    watcher.socket.close();
    user.socket.close();
    await Promise.all([watcher.closed, user.closed]);
    expect(app.logged).toEqual([]);
  }, 120_000);
}

/** Speaks RFB 3.8 without a password until the server tells about the screen; resolves to its size. */
async function handshake(client: DesktopClient): Promise<[width: number, height: number]> {
  expect((await take(client, 0, 12)).toString()).toMatch(/^RFB 003\.00\d\n$/);
  client.socket.send(Buffer.from('RFB 003.008\n'));
  const kinds = (await take(client, 12, 1))[0] ?? 0;
  expect([...(await take(client, 13, kinds))]).toContain(NO_PASSWORD);
  client.socket.send(Buffer.from([NO_PASSWORD]));
  expect((await take(client, 13 + kinds, 4)).readUInt32BE()).toBe(0);
  client.socket.send(Buffer.from([SHARED]));
  const screen = await take(client, 17 + kinds, 24);
  await take(client, 41 + kinds, screen.readUInt32BE(20));
  return [screen.readUInt16BE(0), screen.readUInt16BE(2)];
}

/** Bytes of all that was received, once they are there. */
async function take(client: DesktopClient, from: number, count: number): Promise<Buffer> {
  await client.holds(from + count);
  return Buffer.from(client.received().slice(from, from + count), 'latin1');
}

function moveTo({ socket }: DesktopClient, x: number, y: number): void {
  const message = Buffer.alloc(6);
  message.writeUInt8(POINTER_EVENT, 0);
  message.writeUInt16BE(x, 2);
  message.writeUInt16BE(y, 4);
  socket.send(message);
}

/** Asks for the whole screen; the answer comes after what was sent before was read. */
async function seePicture(client: DesktopClient): Promise<void> {
  const before = client.received().length;
  client.socket.send(Buffer.from([3, 0, 0, 0, 0, 0, 0x05, 0x00, 0x02, 0xd0]));
  await client.holds(before + SCREEN.width * SCREEN.height * 4);
}
