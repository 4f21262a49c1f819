import { constants } from 'node:fs';
import { type FileHandle, chmod, open } from 'node:fs/promises';
import { hasCode } from './errno.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Linux: names a file without the right to read it. Not among Node's constants. */
const O_PATH = 0o10000000;

/**
 * Opens a file or folder for reading, never through a link and without waiting on a pipe. One of our own whose
 * permissions forbid it gets the right for the moment of opening.
 */
export async function openReadable(place: Buffer, kind: 'file' | 'directory'): Promise<FileHandle> {
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (kind === 'directory' ? O_DIRECTORY : 0);
  try {
    return await open(place, flags);
  } catch (error) {
    if (!hasCode(error, 'EACCES')) throw error;
    return openForbidden(place, kind);
  }
}

async function openForbidden(place: Buffer, kind: 'file' | 'directory'): Promise<FileHandle> {
  const named = await open(place, O_PATH | O_NOFOLLOW);
  try {
    const { mode } = await named.stat();
    const path = `/proc/self/fd/${named.fd}`;
    await chmod(path, mode | (kind === 'directory' ? 0o500 : 0o400));
    try {
      return await open(path, O_RDONLY | O_NONBLOCK);
    } finally {
      await chmod(path, mode & 0o7777);
    }
  } finally {
    await named.close();
  }
}
