import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { CONNECTIONS_BESIDE_STREAMS } from '../create-server.js';
import { startTestApp } from '../testing/test-app.js';

const TOTAL_STREAMS = 10;
const MORE = 20;

it('does not let a caller without the token take all descriptors of the service', async () => {
  const app = await startTestApp({ streams: { total: TOTAL_STREAMS } });
  const { hostname, port } = new URL(app.url);
  const sockets: Socket[] = [];
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const allowed = TOTAL_STREAMS + CONNECTIONS_BESIDE_STREAMS;
  await Promise.all(Array.from({ length: allowed }, open));
  const refused = await Promise.all(Array.from({ length: MORE }, open));
  for (const socket of refused) if (!socket.closed) await once(socket.resume(), 'close');
  expect(sockets.filter((socket) => !socket.closed)).toHaveLength(allowed);
  for (const socket of sockets) socket.destroy();
  let status = 0;
  while (status !== 200) ({ status } = await fetch(`${app.url}/healthz`).catch(() => ({ status: 0 })));
  await app.stop();
}, 60_000);
