import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, chmod, open } from 'node:fs/promises';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Linux: names a file or folder, without the right to read it. Not among Node's constants. */
export const O_PATH = 0o10000000;

/** An open folder: no change of the paths that led to it can put another one in its place. */
export interface OpenFolder {
  /** Names the folder for as long as it is open. */
  path: string;
  stat: BigIntStats;
  close(): Promise<void>;
}

/**
 * Opens a folder, never through a link. One of our own whose permissions forbid to look into it gets the right until
 * it is closed; `stat` tells its real mode.
 */
export async function openFolder(place: Buffer): Promise<OpenFolder> {
  const handle = await open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    const stat = await handle.stat({ bigint: true });
    const path = pathOf(handle);
    const lacks = lacksRight(stat, 0o500n);
    if (lacks) await chmod(path, permissions(stat) | 0o700);
    return {
      path,
      stat,
      close: async () => {
        if (lacks) await chmod(path, permissions(stat));
        await handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a file for reading, never through a link and without waiting on a pipe or a lease; one of our own whatever its mode. */
export async function openReadable(place: Buffer): Promise<FileHandle> {
  const named = await open(place, O_PATH | O_NOFOLLOW);
  try {
    const stat = await named.stat({ bigint: true });
    const path = pathOf(named);
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

/** Only for what is ours; root needs no right. */
function lacksRight(stat: BigIntStats, right: bigint): boolean {
  const user = process.geteuid?.() ?? 0;
  return user !== 0 && stat.uid === BigInt(user) && (stat.mode & right) !== right;
}

function permissions(stat: BigIntStats): number {
  return Number(stat.mode) & 0o7777;
}

function pathOf(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}
