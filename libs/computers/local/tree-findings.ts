import {
  type ManifestEntry,
  SNAPSHOT_LIMITS,
  type SnapshotRoom,
  attributesLength,
  textToPath,
  writtenLength,
} from '../snapshot-format.js';
import type { CopiedFile } from './copy-files.js';
import {
  type EarlierEntries,
  type KnownEntry,
  type KnownTree,
  isEqual,
  isSame,
  pathsBelow,
} from './known-tree.js';
import { parentOf } from './open-tree.js';
import { type ScannedEntry, inodeOf, statOf, textOf } from './scanned-entry.js';
import { SkippedPaths } from './skipped-paths.js';
import type { Scanned } from './tree-scan.js';
import type { Xattrs } from './xattrs.js';

/** What one look at a tree finds, beside what is known of it; and what becomes known of the tree by that. */
export class TreeFindings {
  readonly skipped = new SkippedPaths();
  /** Entries that are still to be copied. */
  changed: ScannedEntry[] = [];
  /** Bytes of what is there, as they are written. */
  writtenBytes = 0;
  /** The folders that are closed to us. */
  closed: readonly string[] = [];
  private readonly updates = new Map<string, KnownEntry>();
  private readonly unasked: string[] = [];
  private unchanged = 0;
  private isFull = false;
  /** Of a look at changes: the folders that were looked into. Undefined: all. */
  private listed: ReadonlySet<string> | undefined;
  /** Of a look at changes: what was found to be another. */
  private readonly others = new Set<string>();
  /** Names of the inodes that have several. */
  private readonly names = new Map<string, string[]>();

  constructor(
    private readonly known: KnownTree,
    private readonly room: SnapshotRoom,
    /** It looks at changes alone. */
    private readonly isPart: boolean,
  ) {}

  see(scanned: ScannedEntry): void {
    const before = this.known.get(scanned.path);
    const same = before !== undefined && isSame(before, scanned);
    if (same) {
      before.seenBy = this;
      this.unchanged++;
      // Of a look at changes they are counted already.
      if (!this.isPart) this.writtenBytes += besidePath(before.entry);
    } else {
      this.changed.push(scanned);
      this.others.add(scanned.path);
    }
    // What happens to one name of an inode changes all of them: a look at changes has the others as well.
    if (scanned.links > 1 && scanned.stamp.startsWith('f ') && !(same && this.isPart)) {
      const inode = inodeOf(scanned);
      const names = this.names.get(inode);
      if (names) names.push(scanned.path);
      else this.names.set(inode, [scanned.path]);
    }
  }

  /** When all was seen. */
  scanned({ listed, closed, writtenBytes, full }: Scanned): void {
    this.listed = listed;
    this.closed = closed;
    this.writtenBytes += writtenBytes;
    this.isFull = full;
  }

  /** True for all but files, and for files that are skipped. */
  keepWithoutContent(scanned: ScannedEntry): boolean {
    const stat = statOf(scanned);
    if (stat === undefined) {
      this.skipped.add(scanned.path, scanned.stamp.startsWith('s ') ? 'socket' : 'device');
      return true;
    }
    if (stat.type === 'file') {
      const tooLarge = stat.size > SNAPSHOT_LIMITS.fileBytes;
      if (tooLarge) this.skipped.add(scanned.path, 'too_large');
      return tooLarge;
    }
    const target = stat.type === 'link' ? { target: textOf(scanned.target) } : {};
    this.keep(scanned.path, { path: textOf(scanned.path), ...stat, ...target }, scanned.stamp);
    if (stat.type === 'directory') this.unasked.push(scanned.path);
    return true;
  }

  keepFile(path: string, { stat, sha256, size, stamp }: CopiedFile): void {
    this.keep(path, { path: textOf(path), ...stat, size, sha256 }, stamp);
    this.unasked.push(path);
  }

  /** What was kept since this was asked last, and may have extended attributes: files and folders. */
  attributed(): string[] {
    return this.unasked.splice(0);
  }

  addXattrs(found: ReadonlyMap<string, Xattrs>): void {
    for (const [path, xattrs] of found) {
      const known = this.updates.get(path);
      if (known && this.hasRoomFor(path, attributesLength(xattrs))) {
        this.keep(path, { ...known.entry, xattrs }, known.stamp);
      }
    }
  }

  /** Each name of an inode but the first refers to the first. */
  linkNames(): void {
    for (const names of this.names.values()) {
      const [first, ...others] = names.filter((name) => this.found(name)?.entry.type === 'file').sort();
      if (first === undefined) continue;
      this.setLink(first, undefined);
      const length = writtenLength(first);
      const link = textOf(first);
      for (const name of others) {
        const isLinked = this.found(name)?.entry.link === link;
        if (!isLinked && this.hasRoomFor(name, length)) this.setLink(name, link);
      }
    }
  }

  /** Counts more of an entry, which is left out when that is too much. */
  private hasRoomFor(path: string, length: number): boolean {
    this.writtenBytes += length;
    if (this.writtenBytes <= this.room.writtenBytes) return true;
    if (this.updates.delete(path) || this.isThere(path)) this.leaveOut(path);
    return false;
  }

  private leaveOut(path: string): void {
    const known = this.known.get(path);
    if (known?.seenBy === this) {
      delete known.seenBy;
      this.unchanged--;
    }
    this.others.add(path);
    // The first stands for all that has no room.
    if (!this.isFull) this.skipped.add(path, 'budget');
    this.isFull = true;
  }

  private setLink(path: string, link: string | undefined): void {
    const known = this.found(path);
    if (known === undefined || known.entry.link === link) return;
    const { link: _, xattrs, ...entry } = known.entry;
    this.keep(
      path,
      { ...entry, ...(link !== undefined && { link }), ...(xattrs && { xattrs }) },
      known.stamp,
    );
  }

  /** Brings what is known of the tree up to date, and notes what it was before unless an earlier pass did. */
  merge(earlier: EarlierEntries): void {
    const note = (path: string, known: KnownEntry | undefined): void => {
      if (!earlier.has(path)) earlier.set(path, known);
    };
    for (const path of this.removed()) {
      note(path, this.known.get(path));
      this.known.delete(path);
    }
    for (const [path, now] of this.updates) {
      const before = this.known.get(path);
      if (before !== undefined && isEqual(before.entry, now.entry)) {
        before.stamp = now.stamp;
      } else {
        note(path, before);
        this.known.set(path, now);
      }
    }
    this.updates.clear();
  }

  private removed(): string[] {
    return this.listed ? this.removedIn(this.listed) : this.removedFromAll();
  }

  private removedFromAll(): string[] {
    let found = this.unchanged;
    for (const path of this.updates.keys()) {
      const before = this.known.get(path);
      if (before !== undefined && before.seenBy !== this) found++;
    }
    return found === this.known.size ? [] : [...this.known.keys()].filter((path) => !this.isThere(path));
  }

  /** What a folder that was looked into does not have any more, and what is another one now; with all below. */
  private removedIn(listed: ReadonlySet<string>): string[] {
    const { others } = this;
    const inListed =
      listed.size === 0 ? [] : [...this.known.keys()].filter((path) => listed.has(parentOf(path)));
    const removed = new Set(
      [...inListed, ...others].filter((path) => this.known.has(path) && !this.isThere(path)),
    );
    const folders = new Set(
      [...removed, ...others].filter(
        (path) =>
          this.known.get(path)?.entry.type === 'directory' && this.found(path)?.entry.type !== 'directory',
      ),
    );
    for (const path of pathsBelow(this.known, folders)) removed.add(path);
    return [...removed];
  }

  private isThere(path: string): boolean {
    return this.found(path) !== undefined;
  }

  private found(path: string): KnownEntry | undefined {
    const update = this.updates.get(path);
    if (update) return update;
    const known = this.known.get(path);
    return known?.seenBy === this ? known : undefined;
  }

  private keep(path: string, entry: ManifestEntry, stamp: string | undefined): void {
    this.updates.set(path, { entry, stamp });
  }
}

/** What an entry takes in a manifest beside what a scan counts. */
function besidePath({ link, xattrs }: ManifestEntry): number {
  const linkLength = link === undefined ? 0 : writtenLength(textToPath(link).toString('latin1'));
  return linkLength + attributesLength(xattrs);
}
