import { type BigIntStats, chmodSync, closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type FileHandle, chmod, open } from 'node:fs/promises';
import { hasCode } from './errno.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Linux: names a file or folder, without the right to read it. Not among Node's constants. */
export const O_PATH = 0o10000000;

/** An open folder: no change of the paths that led to it can put another one in its place. */
export interface OpenFolder {
  /** Names the folder for as long as it is open. */
  path: string;
  close(): void;
}

/**
 * Opens a folder, never through a link. One of our own whose permissions forbid to look into it gets the right until
 * it is closed.
 */
export function openFolder(place: Buffer): OpenFolder {
  const folder = openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    const stat = fstatSync(folder, { bigint: true });
    const path = pathOf(folder);
    const lacks = lacksRight(stat, 0o500n);
    if (lacks) chmodSync(path, permissions(stat) | 0o700);
    return {
      path,
      close: () => {
        try {
          if (lacks) chmodSync(path, permissions(stat));
        } finally {
          closeSync(folder);
        }
      },
    };
  } catch (error) {
    closeSync(folder);
    throw error;
  }
}

/** Opens a file for reading, never through a link and without waiting on a pipe or a lease; one of our own whatever its mode. */
export async function openReadable(place: Buffer): Promise<FileHandle> {
  const named = await open(place, O_PATH | O_NOFOLLOW);
  try {
    const stat = await named.stat({ bigint: true });
    const path = pathOf(named.fd);
    if (!stat.isFile() || !lacksRight(stat, 0o400n))
      return await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    await chmod(path, permissions(stat) | 0o400);
    try {
      return await open(path, O_RDONLY | O_NONBLOCK);
    } finally {
      await chmod(path, permissions(stat));
    }
  } finally {
    await named.close();
  }
}

/**
 * The same at once, for a small file. Undefined when that takes more: the file is no regular one, or its mode has to
 * be changed for it.
 */
export function openAtOnce(place: Buffer): number | undefined {
  const named = openSync(place, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(named, { bigint: true });
    if (!stat.isFile() || lacksRight(stat, 0o400n)) return undefined;
    return openSync(pathOf(named), O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined;
    throw error;
  } finally {
    closeSync(named);
  }
}

/** Only for what is ours; root needs no right. */
function lacksRight(stat: BigIntStats, right: bigint): boolean {
  const user = process.geteuid?.() ?? 0;
  return user !== 0 && stat.uid === BigInt(user) && (stat.mode & right) !== right;
}

function permissions(stat: BigIntStats): number {
  return Number(stat.mode) & 0o7777;
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
