import {
  type ManifestEntry,
  SNAPSHOT_LIMITS,
  type SnapshotRoom,
  attributesLength,
  textToPath,
  writtenLength,
} from '../snapshot-format.js';
import { type CopiedFile, FileCopies } from './copy-files.js';
import { hasCode } from './errno.js';
import { EventLoopSlices } from './event-loop.js';
import { type FileMoment, changedFrom, readFileClock } from './file-clock.js';
import {
  type EarlierEntries,
  type KnownEntry,
  type KnownTree,
  isEqual,
  isSame,
  pathsBelow,
} from './known-tree.js';
import type { ObjectStore } from './object-store.js';
import { OpenTree, byFolder, isGone, parentOf } from './open-tree.js';
import { type ScannedEntry, inodeOf, statOf, textOf } from './scanned-entry.js';
import { SkippedPaths } from './skipped-paths.js';
import { SMALL_TREE } from './small-tree.js';
import { type ScanSince, TreeScanner } from './tree-scan.js';
import { XattrReader } from './xattrs.js';

/** What a pass leaves for a next one, which need not look at what has not changed since. */
export interface EarlierLook {
  began: FileMoment;
  /** What is looked at again though it has not changed. */
  again: readonly string[];
  writtenBytes: number;
}

export interface PassOptions {
  /** A file that may be written to read the clock; without one every entry is looked at. */
  mark?: string | undefined;
  /** How the tree came to be known. */
  earlier?: EarlierLook | undefined;
  room?: SnapshotRoom | undefined;
}

/** One run over the files to copy. */
interface Copying {
  signal: AbortSignal;
  left: ScannedEntry[];
  attributed: string[];
  slices: EventLoopSlices;
}

/** Files copied at the same time: fewer than Node has threads for files, so that others need not wait. */
const PARALLEL = 3;

/** One look at the whole tree, or at what changed in it, and then copies of what is not known from an earlier one. */
export class TreePass {
  /** What was copied. */
  private readonly updates = new Map<string, KnownEntry>();
  private unchanged = 0;
  /** Of a look at changes: the folders that were looked into, and what was found to be another. Undefined: all. */
  private looked: { listed: ReadonlySet<string>; others: Set<string> } | undefined;
  skipped = new SkippedPaths();
  private readonly scanner: TreeScanner;
  private readonly xattrs: XattrReader;
  private readonly copies: FileCopies;
  private closed: readonly string[] = [];
  private writtenBytes = 0;
  private isFull = false;
  /** Entries that are still to be copied. */
  changed: ScannedEntry[] = [];
  /** Names of the inodes that have several. */
  private readonly names = new Map<string, string[]>();

  private constructor(
    private readonly files: string,
    private readonly known: KnownTree,
    objects: ObjectStore,
    private readonly began: FileMoment | undefined,
    private readonly room: SnapshotRoom,
    since: ScanSince | undefined,
  ) {
    this.scanner = new TreeScanner(files, known.size, since);
    this.xattrs = new XattrReader(files);
    this.copies = new FileCopies(objects);
  }

  /** Starts what the pass needs, so that it takes less itself. To be closed. */
  static async prepare(
    files: string,
    known: KnownTree,
    objects: ObjectStore,
    { mark, earlier, room = SNAPSHOT_LIMITS }: PassOptions = {},
  ): Promise<TreePass> {
    const began = mark === undefined ? undefined : readFileClock(mark, files);
    const since = began && earlier && sinceOf(known, began, earlier, room);
    const pass = new TreePass(files, known, objects, began, room, since);
    try {
      await Promise.all([
        pass.scanner.prepare(),
        // Of a larger tree there is time for that while find works.
        known.size <= SMALL_TREE ? pass.xattrs.prepare() : undefined,
      ]);
      return pass;
    } catch (error) {
      pass.close();
      throw error;
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    const scanning = this.scan(this.scanner, signal);
    // While find works, for starting a program takes as long as a part of its look.
    const starting = setImmediate(() => this.xattrs.start());
    try {
      if (await scanning) return;
    } finally {
      clearImmediate(starting);
    }
    // More has changed than a look at changes has room for.
    Object.assign(this, {
      unchanged: 0,
      writtenBytes: 0,
      looked: undefined,
      changed: [],
      skipped: new SkippedPaths(),
    });
    this.names.clear();
    for (const known of this.known.values()) delete known.seenBy;
    await this.scan(new TreeScanner(this.files, this.known.size), signal);
  }

  close(): void {
    this.scanner.close();
    this.xattrs.close();
  }

  /** Bytes that copying what changed would read. */
  get changedBytes(): number {
    return this.changed.reduce((total, entry) => total + (statOf(entry)?.size ?? 0), 0);
  }

  /** For the next pass. Undefined when that has to look at everything. */
  get forNext(): EarlierLook | undefined {
    const skipped = this.skipped.again();
    const { began, writtenBytes } = this;
    return began && skipped && { began, again: [...skipped, ...this.closed], writtenBytes };
  }

  /**
   * Copies what changed. What is left when the deadline has come stays in `changed`; an aborted `signal` throws.
   */
  async copy(signal: AbortSignal, deadline: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, deadline]);
    const source = new OpenTree(this.files);
    const left: ScannedEntry[] = [];
    const attributed: string[] = [];
    const rest = { signal: either, left, attributed, slices: new EventLoopSlices() };
    try {
      for (const [folder, entries] of byFolder(this.changed)) {
        const files = entries.filter((entry) => !this.keepWithoutContent(entry, attributed));
        if (files.length === 0) continue;
        if (either.aborted) left.push(...files);
        else await this.copyFiles(source, folder, files, rest);
      }
    } finally {
      source.close();
    }
    signal.throwIfAborted();
    this.changed = left;
    await this.addXattrs(attributed, signal);
    this.linkNames();
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

  /** False when a look at changes has found too many. */
  private async scan(scanner: TreeScanner, signal: AbortSignal): Promise<boolean> {
    const { skipped, room } = this;
    const others = new Set<string>();
    const isPart = scanner.isPart;
    if (isPart) this.looked = { listed: new Set(), others };
    const scanned = await scanner.scan({ onEntry: (entry) => this.see(entry), skipped, room, signal });
    if (isPart && scanned.full) return false;
    this.looked = scanned.listed && { listed: scanned.listed, others };
    this.closed = scanned.closed;
    this.writtenBytes += scanned.writtenBytes;
    this.isFull = scanned.full;
    return true;
  }

  private removed(): string[] {
    return this.looked ? this.removedIn(this.looked) : this.removedFromAll();
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
  private removedIn({
    listed,
    others,
  }: {
    listed: ReadonlySet<string>;
    others: ReadonlySet<string>;
  }): string[] {
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

  private see(scanned: ScannedEntry): void {
    const before = this.known.get(scanned.path);
    const same = before !== undefined && isSame(before, scanned);
    if (same) {
      before.seenBy = this;
      this.unchanged++;
      // Of a look at changes they are counted already.
      if (!this.looked) this.writtenBytes += besidePath(before.entry);
    } else {
      this.changed.push(scanned);
      this.looked?.others.add(scanned.path);
    }
    // What happens to one name of an inode changes all of them: a look at changes has the others as well.
    if (scanned.links > 1 && scanned.stamp.startsWith('f ') && !(same && this.looked)) {
      const inode = inodeOf(scanned);
      const names = this.names.get(inode);
      if (names) names.push(scanned.path);
      else this.names.set(inode, [scanned.path]);
    }
  }

  /** True for all but files, and for files that are skipped. */
  private keepWithoutContent(scanned: ScannedEntry, attributed: string[]): boolean {
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
    if (stat.type === 'directory') attributed.push(scanned.path);
    return true;
  }

  private async copyFiles(
    source: OpenTree,
    folder: string,
    files: ScannedEntry[],
    rest: Copying,
  ): Promise<void> {
    let place: string;
    try {
      place = source.enter(folder);
    } catch (error) {
      for (const { path } of files) this.failed(path, error);
      return;
    }
    const slow: ScannedEntry[] = [];
    for (const scanned of files) {
      if (rest.signal.aborted) rest.left.push(scanned);
      else if (!this.copyAtOnce(place, scanned, rest)) slow.push(scanned);
      if (rest.slices.isOver) await rest.slices.next();
    }
    if (slow.length === 0) return;
    const next = slow.values();
    const worker = async (): Promise<void> => {
      for (const scanned of next) {
        if (rest.signal.aborted) rest.left.push(scanned);
        else await this.copyFile(place, scanned, rest);
      }
    };
    const results = await Promise.allSettled(Array.from({ length: PARALLEL }, worker));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** False when it takes more than that. */
  private copyAtOnce(folder: string, scanned: ScannedEntry, rest: Copying): boolean {
    try {
      const copied = this.copies.atOnce(folder, scanned);
      if (copied !== undefined) this.keepFile(scanned.path, copied, rest);
      return copied !== undefined;
    } catch (error) {
      this.failed(scanned.path, error);
      return true;
    }
  }

  private async copyFile(folder: string, scanned: ScannedEntry, rest: Copying): Promise<void> {
    const { signal, left } = rest;
    try {
      const copied = await this.copies.copy(folder, scanned, signal);
      if (copied !== undefined) this.keepFile(scanned.path, copied, rest);
    } catch (error) {
      if (signal.aborted) left.push(scanned);
      else this.failed(scanned.path, error);
    }
  }

  private keepFile(path: string, { stat, sha256, size, stamp }: CopiedFile, { attributed }: Copying): void {
    this.keep(path, { path: textOf(path), ...stat, size, sha256 }, stamp);
    attributed.push(path);
  }

  /** Skips what cannot be read; a full disk and the like end the pass. */
  private failed(path: string, error: unknown): void {
    if (isGone(error)) return;
    // EAGAIN: a program holds a lease (fcntl) on the file, and would have to give it back before it can be opened.
    if (hasCode(error, 'EACCES', 'EPERM', 'EIO', 'EAGAIN')) this.skipped.add(path, 'unreadable');
    else if (hasCode(error, 'ENAMETOOLONG')) this.skipped.add(path, 'path_too_long');
    else throw error;
  }

  private keep(path: string, entry: ManifestEntry, stamp: string | undefined): void {
    this.updates.set(path, { entry, stamp });
  }

  private async addXattrs(paths: string[], signal: AbortSignal): Promise<void> {
    const found = await this.xattrs.read(paths);
    signal.throwIfAborted();
    for (const [path, xattrs] of found) {
      const known = this.updates.get(path);
      if (known && this.hasRoomFor(path, attributesLength(xattrs))) {
        this.keep(path, { ...known.entry, xattrs }, known.stamp);
      }
    }
  }

  /** Each name of an inode but the first refers to the first. */
  private linkNames(): void {
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
    this.looked?.others.add(path);
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
}

/** What an entry takes in a manifest beside what a scan counts. */
function besidePath({ link, xattrs }: ManifestEntry): number {
  const linkLength = link === undefined ? 0 : writtenLength(textToPath(link).toString('latin1'));
  return linkLength + attributesLength(xattrs);
}

/** A tree that takes more than half of what one may have is looked at as a whole, and so counted anew. */
function sinceOf(
  known: KnownTree,
  began: FileMoment,
  earlier: EarlierLook,
  room: SnapshotRoom,
): ScanSince | undefined {
  const ns = changedFrom(earlier.began, began);
  const { again, writtenBytes } = earlier;
  const large = known.size > room.entries / 2 || writtenBytes > room.writtenBytes / 2;
  if (ns === undefined || large) return undefined;
  const isKnown = (folder: ScannedEntry): boolean => {
    const entry = known.get(folder.path)?.entry;
    return entry?.type === 'directory' && entry.ino === inodeOf(folder);
  };
  return { ns, again, entries: known.size, writtenBytes, isKnown };
}
