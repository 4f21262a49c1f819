import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { type ManifestEntry, SNAPSHOT_LIMITS, digestLine } from '../snapshot-format.js';
import { hasCode } from './errno.js';
import type { ObjectStore, StoredContent } from './object-store.js';
import { EventLoopSlices } from './event-loop.js';
import { openAtOnce, openReadable } from './open-readable.js';
import { OpenTree, byFolder, isGone, placeIn } from './open-tree.js';
import { SkippedPaths } from './skipped-paths.js';
import { type ManifestStat, type ScannedEntry, inodeOf, TreeScanner, statOf, textOf } from './tree-scan.js';
import { XattrReader } from './xattrs.js';

/** What is known of one entry. Replaced, never changed, but for its stamp. */
export interface KnownEntry {
  entry: ManifestEntry;
  /** Its line in the digest. */
  line: string;
  /** Of the live entry; undefined: compare the fields, empty: look at it again. */
  stamp: string | undefined;
  /** The pass that found it unchanged last. */
  seenBy?: TreePass;
}

interface CopiedFile {
  sha256: string;
  size: number;
  stamp: string | undefined;
  stat: ManifestStat;
}

/** One run over the files to copy. */
interface Copying {
  signal: AbortSignal;
  left: ScannedEntry[];
  attributed: string[];
  slices: EventLoopSlices;
}

/** By path, one character a byte. */
export type KnownTree = Map<string, KnownEntry>;

/** Of each path that changed what was known of it before; undefined for one that is new. */
export type EarlierEntries = Map<string, KnownEntry | undefined>;

/** Times of files lag behind the clock by up to one tick of the kernel: a file this young may still change unseen. */
const YOUNG_NS = 50_000_000n;
/** Files copied at the same time: fewer than Node has threads for files, so that others need not wait. */
const PARALLEL = 3;
/** Files up to this size are copied at once, without the threads for files: handing over to them takes longer. */
const COPIED_AT_ONCE = 64 * 1024;
/** How often a file that is written to while it is copied is copied again. */
const ATTEMPTS = 3;

/** One look at the whole tree, and then copies of what is not known from an earlier one. */
export class TreePass {
  /** What was copied. */
  private readonly updates = new Map<string, KnownEntry>();
  private unchanged = 0;
  readonly skipped = new SkippedPaths();
  private readonly scanner: TreeScanner;
  private readonly xattrs: XattrReader;
  /** Entries that are still to be copied. */
  changed: ScannedEntry[] = [];
  /** Names of the inodes that have several. */
  private readonly names = new Map<string, string[]>();
  /** Contents of inodes that have several names, so that each is read once. */
  private readonly copied = new Map<string, Promise<CopiedFile | undefined>>();

  private constructor(
    private readonly files: string,
    private readonly known: KnownTree,
    private readonly objects: ObjectStore,
  ) {
    this.scanner = new TreeScanner(files, known.size);
    this.xattrs = new XattrReader(files);
  }

  /** Starts what the pass needs, so that it takes less itself. To be closed. */
  static async prepare(files: string, known: KnownTree, objects: ObjectStore): Promise<TreePass> {
    const pass = new TreePass(files, known, objects);
    try {
      await Promise.all([pass.scanner.prepare(), pass.xattrs.prepare()]);
      return pass;
    } catch (error) {
      pass.close();
      throw error;
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    await this.scanner.scan({ onEntry: (entry) => this.see(entry), skipped: this.skipped, signal });
  }

  close(): void {
    this.scanner.close();
    this.xattrs.close();
  }

  /** Bytes that copying what changed would read. */
  get changedBytes(): number {
    return this.changed.reduce((total, entry) => total + (statOf(entry)?.size ?? 0), 0);
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

  private removed(): string[] {
    let found = this.unchanged;
    for (const path of this.updates.keys()) {
      const before = this.known.get(path);
      if (before !== undefined && before.seenBy !== this) found++;
    }
    if (found === this.known.size) return [];
    return [...this.known]
      .filter(([path, { seenBy }]) => seenBy !== this && !this.updates.has(path))
      .map(([path]) => path);
  }

  private found(path: string): KnownEntry | undefined {
    const update = this.updates.get(path);
    if (update) return update;
    const known = this.known.get(path);
    return known?.seenBy === this ? known : undefined;
  }

  private see(scanned: ScannedEntry): void {
    const before = this.known.get(scanned.path);
    if (before !== undefined && isSame(before, scanned)) {
      before.seenBy = this;
      this.unchanged++;
    } else {
      this.changed.push(scanned);
    }
    if (scanned.links > 1 && scanned.stamp.startsWith('f ')) {
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

  /** Of small files with one name, which most are. False when it takes more than that. */
  private copyAtOnce(folder: string, scanned: ScannedEntry, rest: Copying): boolean {
    if (scanned.links > 1 || (statOf(scanned)?.size ?? 0) > COPIED_AT_ONCE) return false;
    try {
      const file = openAtOnce(placeIn(folder, scanned.path));
      if (file === undefined) return false;
      try {
        const before = fstatSync(file, { bigint: true });
        if (before.size > COPIED_AT_ONCE) return false;
        const content = this.objects.addAtOnce(file, Number(before.size));
        const after = fstatSync(file, { bigint: true });
        if (!isSettled(before, after)) return false;
        this.keepFile(scanned.path, copiedFile(content, after, true), rest);
        return true;
      } finally {
        closeSync(file);
      }
    } catch (error) {
      this.failed(scanned.path, error);
      return true;
    }
  }

  private keepFile(path: string, { stat, sha256, size, stamp }: CopiedFile, { attributed }: Copying): void {
    this.keep(path, { path: textOf(path), ...stat, size, sha256 }, stamp);
    attributed.push(path);
  }

  private async copyFile(folder: string, scanned: ScannedEntry, rest: Copying): Promise<void> {
    const { signal, left } = rest;
    try {
      const copied = await this.storeOnce(placeIn(folder, scanned.path), scanned, signal);
      if (copied !== undefined) this.keepFile(scanned.path, copied, rest);
    } catch (error) {
      if (signal.aborted) left.push(scanned);
      else this.failed(scanned.path, error);
    }
  }

  /** A file with several names is read by one of them only. */
  private async storeOnce(
    place: Buffer,
    scanned: ScannedEntry,
    signal: AbortSignal,
  ): Promise<CopiedFile | undefined> {
    const inode = inodeOf(scanned);
    const pending = this.copied.get(inode);
    const other = pending && (await pending.catch(() => undefined));
    if (other?.stat.ino === inode) return other;
    const storing = this.storeSettled(place, signal);
    if (scanned.links > 1) this.copied.set(inode, storing);
    return storing;
  }

  /** Undefined when it is no regular file any more. */
  private async storeSettled(place: Buffer, signal: AbortSignal): Promise<CopiedFile | undefined> {
    const file = await openReadable(place);
    try {
      let before = await file.stat({ bigint: true });
      if (!before.isFile()) return undefined;
      for (let attempt = 1; ; attempt++) {
        const content = await this.objects.add(file, before, signal);
        const after = await file.stat({ bigint: true });
        const settled = isSettled(before, after);
        if (settled || attempt === ATTEMPTS) return copiedFile(content, after, settled);
        before = after;
      }
    } finally {
      await file.close();
    }
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
    this.updates.set(path, { entry, line: digestLine(entry), stamp });
  }

  private async addXattrs(paths: string[], signal: AbortSignal): Promise<void> {
    const found = await this.xattrs.read(paths);
    signal.throwIfAborted();
    for (const [path, xattrs] of found) {
      const known = this.updates.get(path);
      if (known) this.keep(path, { ...known.entry, xattrs }, known.stamp);
    }
  }

  /** Each name of an inode but the first refers to the first. */
  private linkNames(): void {
    for (const names of this.names.values()) {
      const [first, ...others] = names.filter((name) => this.found(name)?.entry.type === 'file').sort();
      if (first === undefined) continue;
      this.setLink(first, undefined);
      for (const name of others) this.setLink(name, textOf(first));
    }
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

export function isEqual(left: ManifestEntry, right: ManifestEntry): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function isSame(before: KnownEntry, scanned: ScannedEntry): boolean {
  if (before.stamp !== undefined) return before.stamp === scanned.stamp;
  const stat = statOf(scanned);
  const { entry } = before;
  const same =
    stat !== undefined &&
    stat.type === entry.type &&
    stat.ino === entry.ino &&
    stat.ctime_ns === entry.ctime_ns &&
    stat.mtime_ns === entry.mtime_ns &&
    stat.size === entry.size &&
    stat.mode === entry.mode &&
    stat.uid === entry.uid &&
    stat.gid === entry.gid;
  if (same) before.stamp = scanned.stamp;
  return same;
}

function isSettled(before: BigIntStats, after: BigIntStats): boolean {
  return after.mtimeNs === before.mtimeNs && after.size === before.size;
}

/** One that is still written to, or was a moment ago, is looked at again: the copy may be torn. */
function copiedFile({ sha256, size }: StoredContent, stat: BigIntStats, settled: boolean): CopiedFile {
  return { sha256, size, stamp: settled && isOld(stat) ? undefined : '', stat: fieldsOf(stat) };
}

function isOld(stat: BigIntStats): boolean {
  return stat.ctimeNs < BigInt(Date.now()) * 1_000_000n - YOUNG_NS;
}

/** A manifest read from disk does not say which files were young when they were copied: those from this time on. */
export function youngAsOf(startedNs: string): string {
  return String(BigInt(startedNs) - YOUNG_NS);
}

export function mayHaveChangedUnseen({ type, ctime_ns }: ManifestEntry, youngNs: string): boolean {
  if (type !== 'file') return false;
  // As text where that says the same, which takes a fraction.
  if (ctime_ns.length === youngNs.length && !ctime_ns.startsWith('-')) return ctime_ns >= youngNs;
  return BigInt(ctime_ns) >= BigInt(youngNs);
}

function fieldsOf(stat: BigIntStats): ManifestStat {
  return {
    type: 'file',
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime_ns: String(stat.mtimeNs),
    ctime_ns: String(stat.ctimeNs),
    ino: String(stat.ino),
    size: Number(stat.size),
  };
}
