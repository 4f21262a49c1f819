import { hasCode } from './errno.js';
import { type OpenFolder, openFolder } from './open-readable.js';

/** Folders that stay open on the way down; a deeper tree is walked again from the top. */
const MAX_OPEN = 256;

/**
 * Opens folders of a tree by descriptors: each by its name in the one before, never through a link, so that a process
 * of the session cannot lead us elsewhere and a path may be of any length. Folders come best in sorted order.
 */
export class OpenTree {
  private readonly way: { name: string; folder: OpenFolder | undefined }[] = [];

  constructor(private readonly top: string) {}

  /** A path that names the folder until the next call. Paths have one character a byte; the top is empty. */
  enter(path: string): string {
    const names = path === '' ? [] : path.split('/');
    let shared = 0;
    while (shared < this.way.length - 1 && this.way[shared + 1]?.name === names[shared]) shared++;
    this.leave(shared + 1);
    if (this.way.at(-1)?.folder === undefined) this.leave(0);
    if (this.way.length === 0) this.push('', Buffer.from(this.top));
    for (const name of names.slice(this.way.length - 1)) {
      const parent = this.way.at(-1)?.folder?.path ?? '';
      this.push(name, Buffer.concat([Buffer.from(`${parent}/`), Buffer.from(name, 'latin1')]));
    }
    return this.way.at(-1)?.folder?.path ?? this.top;
  }

  close(): void {
    this.leave(0);
  }

  private push(name: string, place: Buffer): void {
    this.way.push({ name, folder: openFolder(place) });
    const far = this.way[this.way.length - 1 - MAX_OPEN];
    far?.folder?.close();
    if (far) far.folder = undefined;
  }

  private leave(length: number): void {
    while (this.way.length > length) this.way.pop()?.folder?.close();
  }
}

/** Removed, or replaced by something of another kind, since it was looked at. */
export function isGone(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR');
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The last name of a path, in a folder that is open. */
export function placeIn(folder: string, path: string): Buffer {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
}

/** By the folder that the entries are in; folders sorted. */
export function byFolder<T extends { path: string }>(entries: Iterable<T>): [string, T[]][] {
  const folders = new Map<string, T[]>();
  for (const entry of entries) {
    const parent = parentOf(entry.path);
    const siblings = folders.get(parent);
    if (siblings) siblings.push(entry);
    else folders.set(parent, [entry]);
  }
  return [...folders].sort(([left], [right]) => (left < right ? -1 : 1));
}
