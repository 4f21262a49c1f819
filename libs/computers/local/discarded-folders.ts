import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComputersLogger } from '../computer.js';
import { hasCode } from './errno.js';
import { removeTree, removeTrees, stillThere } from './remove-tree.js';

/** Folders that one program is given to remove. */
const REMOVED_AT_ONCE = 100;

/**
 * Folders that are to be removed, which may take minutes. They are put aside at once, and removed beside all else, by
 * one program at a time for all that wait. What the end of the service cuts off is removed after its next start.
 */
export class DiscardedFolders {
  private readonly folder: string;
  private readonly waiting: string[] = [];
  private removing: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private resumed = false;

  constructor(
    root: string,
    private readonly logger?: ComputersLogger,
    private readonly removeAll = removeTrees,
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
    this.discard([place]);
  }

  /** Removes what an earlier process has left. */
  async resume(): Promise<void> {
    if (this.resumed) return;
    this.resumed = true;
    const names = await readdir(this.folder).catch(() => []);
    this.discard(names.map((name) => join(this.folder, name)));
  }

  /** Waits for no more than the removal's end. */
  async end(): Promise<void> {
    this.ending.abort();
    await this.removing;
  }

  private discard(places: string[]): void {
    this.waiting.push(...places);
    this.removing ??= this.removeWaiting().finally(() => (this.removing = undefined));
  }

  private async removeWaiting(): Promise<void> {
    while (this.waiting.length > 0 && !this.ending.signal.aborted) {
      await this.remove(this.waiting.splice(0, REMOVED_AT_ONCE));
    }
  }

  private async remove(places: readonly string[]): Promise<void> {
    const { signal } = this.ending;
    try {
      await this.removeAll(places, signal);
    } catch (error) {
      if (signal.aborted) return;
      for (const folder of await stillThere(places)) {
        this.logger?.warn(
          { folder, error: String(error) },
          'the files of a removed computer are still there; the next start tries again',
        );
      }
    }
  }
}
