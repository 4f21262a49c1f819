import { readdir } from 'node:fs/promises';
import { SNAPSHOT_LIMITS, type SnapshotRoom, writtenLength } from '../snapshot-format.js';
import { hasCode } from './errno.js';
import { EventLoopSlices } from './event-loop.js';
import { WaitingFind, hasGnuFind } from './gnu-find.js';
import { type OpenFolder, openFolder } from './open-readable.js';
import { OpenTree, parentOf, placeIn } from './open-tree.js';
import { type ScannedEntry, entryAt, isClosedFolder } from './scanned-entry.js';
import type { SkippedPaths } from './skipped-paths.js';
import { SMALL_TREE, smallTree } from './small-tree.js';

export interface ScanOptions {
  onEntry: (entry: ScannedEntry) => void;
  skipped: SkippedPaths;
  room: SnapshotRoom;
  signal: AbortSignal;
}

/** What an earlier scan left for the next one, which looks at no more than what changed since. */
export interface ScanSince {
  ns: bigint;
  /** Paths that are looked at again though they have not changed. */
  again: readonly string[];
  /** What the tree has already. */
  entries: number;
  writtenBytes: number;
  /** True for a folder whose content is known: the same inode as before. */
  isKnown: (folder: ScannedEntry) => boolean;
}

export interface Scanned {
  /** The folders that were looked into; undefined: all. */
  listed: ReadonlySet<string> | undefined;
  /** The folders that are closed to us: find sees nothing of what changes in them. */
  closed: readonly string[];
  /** Bytes of all paths and targets, as they are written. */
  writtenBytes: number;
  /** There is more than one tree may have; of a look at changes, which counts some entries twice: perhaps. */
  full: boolean;
}

const SLASH = Buffer.from('/');

/**
 * Looks at every entry below a folder once, or only at what changed. GNU find does it, which needs a quarter of Node's
 * time, runs beside the event loop and never follows a link. A small tree is looked at here, for that takes less than
 * starting a program; without GNU find Node looks at all.
 */
export class TreeScanner {
  private find: WaitingFind | undefined;

  constructor(
    private readonly files: string,
    /** What the tree had when it was looked at last. */
    private readonly expected: number,
    private readonly since?: ScanSince,
  ) {}

  /** Starts what a scan needs, so that the scan itself takes less. */
  async prepare(): Promise<void> {
    if (this.expected <= SMALL_TREE || !(await hasGnuFind())) return;
    this.find = new WaitingFind(this.files, this.since?.ns);
    await this.find.ready;
  }

  /** Whether it looks at changes alone. */
  get isPart(): boolean {
    return this.find?.sinceNs !== undefined;
  }

  async scan(options: ScanOptions): Promise<Scanned> {
    options.signal.throwIfAborted();
    const { find, since } = this;
    if (find?.sinceNs !== undefined && since !== undefined) {
      const scan = new Scan(this.files, options, since);
      await scan.changes(find, since);
      return scan.result;
    }
    const scan = new Scan(this.files, options);
    if (find === undefined && (await scan.small())) return scan.result;
    if (find === undefined && !(await hasGnuFind())) await scan.folder('');
    else await scan.withFind(find ?? new WaitingFind(this.files));
    await scan.closedFolders();
    return scan.result;
  }

  close(): void {
    this.find?.end();
  }
}

class Scan {
  private entries: number;
  private writtenBytes: number;
  private full = false;
  private readonly slices = new EventLoopSlices();
  /** Folders of ours that their mode closes to us and that are still to be looked into. */
  private readonly unopened: string[] = [];
  private readonly closed: string[] = [];
  private readonly listed = new Set<string>();
  /** Of a look at changes: what was reported. */
  private readonly reported: Set<string> | undefined;

  constructor(
    private readonly files: string,
    private readonly options: ScanOptions,
    private readonly since?: ScanSince,
  ) {
    this.entries = since?.entries ?? 0;
    this.writtenBytes = since?.writtenBytes ?? 0;
    this.reported = since && new Set();
  }

  get result(): Scanned {
    const { closed, writtenBytes, full } = this;
    return { listed: this.since && this.listed, closed, writtenBytes, full };
  }

  /** False when the tree turns out to be larger; then nothing was reported. */
  async small(): Promise<boolean> {
    const entries = smallTree(this.files);
    for (const entry of entries ?? []) this.add(entry);
    if (entries) await this.closedFolders();
    return entries !== undefined;
  }

  async withFind(find: WaitingFind): Promise<void> {
    await find.run((entry) => this.add(entry), this.options.signal);
  }

  /** What find names, what is to be looked at again, and what is in each folder among them. */
  async changes(find: WaitingFind, { again }: ScanSince): Promise<void> {
    const folders: string[] = [];
    const note = (entry: ScannedEntry): boolean => {
      if (entry.stamp.startsWith('d ')) folders.push(entry.path);
      return entry.path === '' || this.add(entry);
    };
    await find.run(note, this.options.signal);
    const tree = new OpenTree(this.files);
    try {
      for (const path of again.toSorted()) {
        const entry = this.reported?.has(path) ? undefined : entryIn(tree, path);
        if (entry !== undefined) note(entry);
      }
    } finally {
      tree.close();
    }
    this.unopened.length = 0;
    for (const path of folders.sort()) if (!this.listed.has(path)) await this.folder(path);
  }

  /** What a folder without the right to look into it holds. The right is given for a moment where that is possible. */
  async closedFolders(): Promise<void> {
    for (let path = this.unopened.pop(); path !== undefined; path = this.unopened.pop())
      await this.folder(path);
  }

  /** Looks into a folder from the top down: none on the way there may have been replaced by a link. */
  async folder(path: string): Promise<void> {
    const tree = new OpenTree(this.files);
    try {
      await this.inFolder(Buffer.from(tree.enter(path)), path === '' ? '' : `${path}/`);
    } catch (error) {
      this.cannotOpen(error, `${path}/`);
    } finally {
      tree.close();
    }
  }

  private async inFolder(open: Buffer, prefix: string): Promise<void> {
    this.listed.add(prefix.slice(0, -1));
    for (const name of await readdir(open, { encoding: 'buffer' })) {
      if (this.slices.isOver) await this.slices.next();
      this.options.signal.throwIfAborted();
      if (this.full) return;
      const child = Buffer.concat([open, SLASH, name]);
      if (this.lookAt(child, prefix + name.toString('latin1'))) {
        await this.below(child, `${prefix}${name.toString('latin1')}/`);
      }
    }
  }

  private async below(place: Buffer, prefix: string): Promise<void> {
    let folder: OpenFolder | undefined;
    try {
      folder = openFolder(place);
      await this.inFolder(Buffer.from(folder.path), prefix);
    } catch (error) {
      this.cannotOpen(error, prefix);
    } finally {
      folder?.close();
    }
  }

  /** True for a folder that is to be looked into. */
  private lookAt(place: Buffer, path: string): boolean {
    // A folder that was reported is looked into for itself.
    if (this.reported?.has(path)) return false;
    const entry = entryAt(place, path);
    if (entry === undefined) return false;
    this.add(entry);
    // It is looked into now.
    if (this.unopened.at(-1) === path) this.unopened.pop();
    const isFolder = entry.stamp.startsWith('d ') && path.length <= SNAPSHOT_LIMITS.path;
    return isFolder && !this.since?.isKnown(entry);
  }

  private cannotOpen(error: unknown, prefix: string): undefined {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    if (!hasCode(error, 'EACCES', 'EPERM', 'EMFILE')) throw error;
    const why = hasCode(error, 'EMFILE') ? 'path_too_long' : 'unreadable';
    this.options.skipped.add(prefix.slice(0, -1), why);
    return undefined;
  }

  /** False when there is room for no more. */
  private add(entry: ScannedEntry): boolean {
    const { skipped, onEntry, room } = this.options;
    this.reported?.add(entry.path);
    this.entries++;
    this.writtenBytes += writtenLength(entry.path) + writtenLength(entry.target);
    if (this.entries > room.entries || this.writtenBytes > room.writtenBytes) {
      this.full = true;
      skipped.add(entry.path, 'budget');
    } else if (entry.path.length > SNAPSHOT_LIMITS.path) {
      skipped.add(entry.path, 'path_too_long');
    } else {
      if (isClosedFolder(entry.stamp)) {
        this.closed.push(entry.path);
        this.unopened.push(entry.path);
      }
      onEntry(entry);
    }
    return !this.full;
  }
}

/** Undefined for what is gone. */
function entryIn(tree: OpenTree, path: string): ScannedEntry | undefined {
  try {
    return entryAt(placeIn(tree.enter(parentOf(path)), path), path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'EMFILE')) return undefined;
    throw error;
  }
}
