import { openSync } from 'node:fs';
import { join } from 'node:path';

/** The longest path that every system takes as the address of a socket. */
const MAX_ADDRESS_BYTES = 100;

/**
 * Where the service of a home listens for the command line. The home lets nobody else in, so whatever answers there is
 * the home's own service; a port is anybody's. A path that is too long for an address is reached through the folder,
 * which stays open for as long as the command runs.
 * @throws a system error when such a home is not there
 */
export function homeSocket(home: string): string {
  const path = join(home, 'api.sock');
  if (Buffer.byteLength(path) <= MAX_ADDRESS_BYTES) return path;
  let folder = folders.get(home);
  if (folder === undefined) folders.set(home, (folder = openSync(home, 'r')));
  return `/proc/self/fd/${folder}/api.sock`;
}

const folders = new Map<string, number>();
