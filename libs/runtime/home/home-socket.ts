import { closeSync, existsSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Home } from './home.js';
import { HomeError } from './home-error.js';

/** The longest path that every system takes as the address of a socket. */
const MAX_ADDRESS_BYTES = 100;

export interface SocketAddress {
  path: string;
  /** To be called when the socket is closed. */
  release(): void;
}

/**
 * Where the service of the home listens for this machine's command line. Only who may enter the home can listen
 * there, so a client needs no other proof of whom it talks to. A path that is too long for the address of a socket is
 * reached through the open folder.
 * @throws {HomeError} `home_unsuitable` where a system has no such way.
 */
export function homeSocketAddress({ root, socket }: Pick<Home, 'root' | 'socket'>): SocketAddress {
  if (Buffer.byteLength(socket) <= MAX_ADDRESS_BYTES) return { path: socket, release: () => undefined };
  if (!existsSync('/proc/self/fd')) {
    const message = `The path of ${root} is too long for the socket that Raworc makes there. Set RAWORC_HOME to a folder whose path has fewer than ${MAX_ADDRESS_BYTES - basename(socket).length} bytes.`;
    throw new HomeError('home_unsuitable', message);
  }
  const folder = openSync(dirname(socket), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(socket)}`, release: () => closeSync(folder) };
}
