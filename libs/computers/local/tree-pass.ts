import { SNAPSHOT_LIMITS, type SnapshotRoom } from '../snapshot-format.js';
import { FileCopies } from './copy-files.js';
import { hasCode } from './errno.js';
import { EventLoopSlices } from './event-loop.js';
import { type FileMoment, changedFrom, readFileClock } from './file-clock.js';
import type { EarlierEntries, KnownTree } from './known-tree.js';
import type { ObjectStore } from './object-store.js';
import { OpenTree, byFolder, isGone } from './open-tree.js';
import { type ScannedEntry, inodeOf, statOf } from './scanned-entry.js';
import type { SkippedPaths } from './skipped-paths.js';
import { TreeFindings } from './tree-findings.js';
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
  slices: EventLoopSlices;
}

/** Files copied at the same time: fewer than Node has threads for files, so that others need not wait. */
const PARALLEL = 3;
/** Entries of a tree that find has seen before another program has started. */
const SOON_SEEN = 5_000;

/** One look at the whole tree, or at what changed in it, and then copies of what is not known from an earlier one. */
export class TreePass {
  private found: TreeFindings;
  private readonly scanner: TreeScanner;
  private readonly xattrs: XattrReader;
  private readonly copies: FileCopies;

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
    this.found = new TreeFindings(known, room, false);
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
        known.size <= SOON_SEEN ? pass.xattrs.prepare() : undefined,
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
    await this.scan(new TreeScanner(this.files, this.known.size), signal);
  }

  close(): void {
    this.scanner.close();
    this.xattrs.close();
  }

  /** Entries that are still to be copied. */
  get changed(): readonly ScannedEntry[] {
    return this.found.changed;
  }

  get skipped(): SkippedPaths {
    return this.found.skipped;
  }

  /** Bytes that copying what changed would read. */
  get changedBytes(): number {
    return this.changed.reduce((total, entry) => total + (statOf(entry)?.size ?? 0), 0);
  }

  /** For the next pass. Undefined when that has to look at everything. */
  get forNext(): EarlierLook | undefined {
    const { skipped, closed, writtenBytes } = this.found;
    const again = skipped.again();
    const { began } = this;
    return began && again && { began, again: [...again, ...closed], writtenBytes };
  }

  /**
   * Copies what changed. What is left when the deadline has come stays in `changed`; an aborted `signal` throws.
   */
  async copy(signal: AbortSignal, deadline: AbortSignal): Promise<void> {
    const { found } = this;
    const either = AbortSignal.any([signal, deadline]);
    const source = new OpenTree(this.files);
    const left: ScannedEntry[] = [];
    const rest = { signal: either, left, slices: new EventLoopSlices() };
    try {
      for (const [folder, entries] of byFolder(found.changed)) {
        const files = entries.filter((entry) => !found.keepWithoutContent(entry));
        if (files.length === 0) continue;
        if (either.aborted) left.push(...files);
        else await this.copyFiles(source, folder, files, rest);
      }
    } finally {
      source.close();
    }
    signal.throwIfAborted();
    found.changed = left;
    found.addXattrs(await this.xattrs.read(found.attributed()));
    signal.throwIfAborted();
    found.linkNames();
  }

  /** Brings what is known of the tree up to date, and notes what it was before unless an earlier pass did. */
  merge(earlier: EarlierEntries): void {
    this.found.merge(earlier);
  }

  /** False when a look at changes has found too many. */
  private async scan(scanner: TreeScanner, signal: AbortSignal): Promise<boolean> {
    const found = new TreeFindings(this.known, this.room, scanner.isPart);
    const { skipped } = found;
    const { room } = this;
    const scanned = await scanner.scan({ onEntry: (entry) => found.see(entry), skipped, room, signal });
    if (scanner.isPart && scanned.full) return false;
    found.scanned(scanned);
    this.found = found;
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
      else if (!this.copyAtOnce(place, scanned)) slow.push(scanned);
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
  private copyAtOnce(folder: string, scanned: ScannedEntry): boolean {
    try {
      const copied = this.copies.atOnce(folder, scanned);
      if (copied !== undefined) this.found.keepFile(scanned.path, copied);
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
      if (copied !== undefined) this.found.keepFile(scanned.path, copied);
    } catch (error) {
      if (signal.aborted) left.push(scanned);
      else this.failed(scanned.path, error);
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
