import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Removes a folder with all that is in it, whatever its names and permissions. It may be gone already. */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
  try {
    // The program and not fs.rm, which cannot remove names that are not UTF-8.
    await run('rm', ['-rf', '--', path], { signal });
  } catch {
    // Folders that their owner made read-only stand in the way of anybody but root.
    await run('chmod', ['-R', 'u+rwx', '--', path], { signal });
    await run('rm', ['-rf', '--', path], { signal });
  }
}
