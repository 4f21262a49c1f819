import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComputersLogger } from '../computer.js';
import { hasCode } from './errno.js';
import { Mutex } from './mutex.js';
import { removeTree } from './remove-tree.js';

/**
 * Folders that are to be removed, which may take minutes. They are put aside at once, and removed one after the other
 * beside all else. What the end of the service cuts off is removed after its next start.
 */
export class DiscardedFolders {
  private readonly folder: string;
  private readonly removals = new Mutex();
  private readonly ending = new AbortController();
  private resumed = false;

  constructor(
    root: string,
    private readonly logger?: ComputersLogger,
  ) {
    // Begins with a dot, as no session's folder does.
    this.folder = join(root, '.discarded');
  }

  /** It may be gone already. */
  async add(path: string): Promise<void> {
    const place = join(this.folder, randomUUID());
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await rename(path, place);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      // A full disk has no room for a name, and removing is what makes some.
      if (hasCode(error, 'ENOSPC', 'EDQUOT')) return removeTree(path);
      throw error;
    }
    void this.removals.run(() => this.remove(place));
  }

  /** Removes what an earlier process has left. */
  async resume(): Promise<void> {
    if (this.resumed) return;
    this.resumed = true;
    for (const name of await readdir(this.folder).catch(() => [])) {
      void this.removals.run(() => this.remove(join(this.folder, name)));
    }
  }

  /** Waits for no more than the removal's end. */
  async end(): Promise<void> {
    this.ending.abort();
    await this.removals.run(async () => undefined);
  }

  private async remove(place: string): Promise<void> {
    const { signal } = this.ending;
    try {
      await removeTree(place, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.logger?.warn(
        { folder: place, error: String(error) },
        'the files of a removed computer are still there; the next start tries again',
      );
    }
  }
}
