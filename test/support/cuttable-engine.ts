import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A way to an engine that can be cut, as by its death or that of the service; the engine itself goes on. */
export interface CuttableEngine {
  path: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
  remove(): Promise<void>;
}

export async function cuttableEngine(socketPath: string): Promise<CuttableEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'raworc-engine-'));
  const path = join(folder, 'socket');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect(socketPath);
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };
  const mend = async (): Promise<void> => {
    await once(server.listen(path), 'listening');
  };
  await mend();
  const remove = async (): Promise<void> => {
    await cut();
    await rm(folder, { recursive: true, force: true });
  };
  return { path, cut, mend, remove };
}
