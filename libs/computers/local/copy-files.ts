import { type BigIntStats, closeSync, fstatSync } from 'node:fs';
import { YOUNG_NS } from './file-clock.js';
import type { ObjectStore, StoredContent } from './object-store.js';
import { openAtOnce, openReadable } from './open-readable.js';
import { placeIn } from './open-tree.js';
import { type ManifestStat, type ScannedEntry, inodeOf, statOf } from './scanned-entry.js';

export interface CopiedFile {
  sha256: string;
  size: number;
  stamp: string | undefined;
  stat: ManifestStat;
}

/** Files up to this size are copied at once, without the threads for files: handing over to them takes longer. */
const COPIED_AT_ONCE = 64 * 1024;
/** How often a file that is written to while it is copied is copied again. */
const ATTEMPTS = 3;

/** Copies contents of files into a store. */
export class FileCopies {
  /** Contents of inodes that have several names, so that each is read once. */
  private readonly copied = new Map<string, Promise<CopiedFile | undefined>>();

  constructor(private readonly objects: ObjectStore) {}

  /** Of small files with one name, which most are. Undefined when it takes more than that. */
  atOnce(folder: string, scanned: ScannedEntry): CopiedFile | undefined {
    if (scanned.links > 1 || (statOf(scanned)?.size ?? 0) > COPIED_AT_ONCE) return undefined;
    const file = openAtOnce(placeIn(folder, scanned.path));
    if (file === undefined) return undefined;
    try {
      const before = fstatSync(file, { bigint: true });
      if (before.size > COPIED_AT_ONCE) return undefined;
      const content = this.objects.addAtOnce(file, Number(before.size));
      const after = fstatSync(file, { bigint: true });
      return isSettled(before, after) ? copiedFile(content, after, true) : undefined;
    } finally {
      closeSync(file);
    }
  }

  /** Undefined when it is no regular file any more. A file with several names is read by one of them only. */
  async copy(folder: string, scanned: ScannedEntry, signal: AbortSignal): Promise<CopiedFile | undefined> {
    const inode = inodeOf(scanned);
    const pending = this.copied.get(inode);
    const other = pending && (await pending.catch(() => undefined));
    if (other?.stat.ino === inode) return other;
    const storing = this.storeSettled(placeIn(folder, scanned.path), signal);
    if (scanned.links > 1) this.copied.set(inode, storing);
    return storing;
  }

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
