import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { hasCode } from './errno.js';

const run = promisify(execFile);

/** Removes a folder with all that is in it, whatever its names and permissions. It may be gone already. */
export function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  return removeTrees([path], signal);
}

/**
 * The same for many with one program, as each start of one holds up all else for a moment. When some cannot be
 * removed, the others are gone all the same.
 */
export async function removeTrees(paths: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    // The program and not fs.rm, which cannot remove names that are not UTF-8.
    await run('rm', ['-rf', '--', ...paths], { signal });
  } catch {
    signal?.throwIfAborted();
    const left = await stillThere(paths);
    if (left.length === 0) return;
    // Folders that their owner made read-only stand in the way of anybody but root.
    await run('chmod', ['-R', 'u+rwx', '--', ...left], { signal }).catch(() => undefined);
    await run('rm', ['-rf', '--', ...left], { signal });
  }
}

/** Those that something is left of. */
export async function stillThere(paths: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const path of paths) {
    const gone = await lstat(path).then(
      () => false,
      (error: unknown) => hasCode(error, 'ENOENT'),
    );
    if (!gone) left.push(path);
  }
  return left;
}
