import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectNats, parseNatsUrl } from './connect-nats.js';
import { findNatsServer } from './find-nats-server.js';
import { findFreePort } from './free-port.js';
import { launchServer } from './server-process.js';
import { startTestNats } from './test-server.js';
import type { TestNats } from './test-server.js';

let nats: TestNats;

beforeAll(async () => {
  nats = await startTestNats();
});

afterAll(() => nats.stop());

describe('parseNatsUrl', () => {
  it('takes credentials out of the URLs', () => {
    expect(parseNatsUrl('nats://ada:p%40ss@one:4222, nats://two:4222')).toEqual({
      servers: ['nats://one:4222', 'nats://two:4222'],
      user: 'ada',
      pass: 'p@ss',
    });
    expect(parseNatsUrl('tls://s3cret@one')).toEqual({ servers: ['tls://one'], token: 's3cret' });
    expect(parseNatsUrl('nats://one')).toEqual({ servers: ['nats://one'] });
  });
});

describe('connectNats', () => {
  it('takes credentials from the URL', async () => {
    const url = nats.url.replace('://', `://${nats.user}:${nats.pass}@`);
    const connection = await connectNats({ url, name: 'test' });
    await connection.close();
  });

  it('refuses wrong credentials without showing them', async () => {
    const url = nats.url.replace('://', '://ada:wrong-password@');
    const error: unknown = await connectNats({ url, name: 'test' }).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'nats_unreachable', message: expect.stringContaining(nats.url) });
    expect(String(error)).not.toContain('wrong-password');
  });

  it('says where nothing answers', async () => {
    const url = `nats://127.0.0.1:${await findFreePort()}`;
    await expect(connectNats({ url, name: 'test' })).rejects.toMatchObject({
      code: 'nats_unreachable',
      message: expect.stringContaining(url),
    });
  });

  it('refuses a server that would silently ignore atomic batches', async () => {
    const sockets: Socket[] = [];
    const old = createServer((socket) => {
      sockets.push(socket);
      socket.write('INFO {"server_id":"OLD","version":"2.11.9","max_payload":1048576,"jetstream":true}\r\n');
      socket.on('data', (data) => data.toString().includes('PING') && socket.write('PONG\r\n'));
      socket.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    const { port } = old.address() as AddressInfo;
    await expect(connectNats({ url: `nats://127.0.0.1:${port}`, name: 'test' })).rejects.toMatchObject({
      code: 'nats_server_too_old',
      message: expect.stringContaining('2.11.9'),
    });
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => old.close(resolve));
  });

  it('refuses a server without JetStream', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'raworc-plain-'));
    const port = await findFreePort();
    const [confFile, logFile] = [join(dir, 'nats.conf'), join(dir, 'nats.log')];
    await writeFile(confFile, `listen: "127.0.0.1:${port}"`);
    const { path: binary } = await findNatsServer(
      { natsServer: process.env.RAWORC_NATS_SERVER },
      { root: dir },
    );
    const address = { url: `nats://127.0.0.1:${port}`, user: '', pass: '' };
    const server = await launchServer({ binary, confFile, logFile, address });
    await expect(connectNats({ url: address.url, name: 'test' })).rejects.toMatchObject({
      code: 'nats_jetstream_disabled',
    });
    await server.stop();
    await rm(dir, { recursive: true });
  });
});
