import type { ManifestEntry } from '../snapshot-format.js';
import { YOUNG_NS } from './file-clock.js';
import { type ScannedEntry, statOf } from './scanned-entry.js';

/** What is known of one entry. Replaced, never changed, but for its stamp. */
export interface KnownEntry {
  entry: ManifestEntry;
  /** Of the live entry; undefined: compare the fields, empty: look at it again. */
  stamp: string | undefined;
  /** The pass that found it unchanged last. */
  seenBy?: object;
}

/** By path, one character a byte. */
export type KnownTree = Map<string, KnownEntry>;

/** Of each path that changed what was known of it before; undefined for one that is new. */
export type EarlierEntries = Map<string, KnownEntry | undefined>;

export function isEqual(left: ManifestEntry, right: ManifestEntry): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** Whether the live entry is still as it is known to be. */
export function isSame(before: KnownEntry, scanned: ScannedEntry): boolean {
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

/** The known entries below folders that are gone. */
export function pathsBelow(known: KnownTree, folders: ReadonlySet<string>): string[] {
  if (folders.size === 0) return [];
  return [...known.keys()].filter((path) => {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      if (folders.has(path.slice(0, slash))) return true;
    }
    return false;
  });
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
