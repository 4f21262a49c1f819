import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../testing/test-app.js';

const HANDSHAKE = [
  'GET /api/v0/sessions/nobody/desktop/stream HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
].join('\r\n');

function connections({ app }: TestApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.getHttpServer().getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

it('keeps no connection of a client that is refused and does not end its side', async () => {
  const app = await startTestApp();
  const { hostname, port } = new URL(app.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on('error', () => undefined);
  socket.write(`${HANDSHAKE}\r\n\r\n`);
  socket.resume();
  await once(socket, 'end');
  while ((await connections(app)) > 0) await setImmediate();
  expect(await connections(app)).toBe(0);
  socket.destroy();
  await app.stop();
});
