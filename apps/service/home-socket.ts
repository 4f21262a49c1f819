import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { HomeError, homeSocketAddress, messageOf, type Home } from '#runtime';

/**
 * Serves the same requests at the socket in the home, where the command line of this machine asks: there it needs no
 * port, and nobody else can answer it.
 * @throws {HomeError} `home_unsuitable` where the folder can hold no socket.
 */
export async function listenInHome(server: Server, home: Home): Promise<() => Promise<void>> {
  const address = homeSocketAddress(home);
  const socket = createServer((connection) => server.emit('connection', connection));
  try {
    // Only the one service that holds the home's lock comes here, so a socket that is there was left by a dead one.
    await rm(home.socket, { force: true });
    socket.listen(address.path);
    await once(socket, 'listening');
    await chmod(home.socket, 0o600);
  } catch (error) {
    address.release();
    throw new HomeError(
      'home_unsuitable',
      `Raworc cannot make the socket ${home.socket}: ${messageOf(error)}. Set RAWORC_HOME to a folder on a local file system.`,
      { cause: error },
    );
  }
  return async () => {
    if (socket.listening) {
      socket.close();
      await rm(home.socket, { force: true });
    }
    address.release();
  };
}
