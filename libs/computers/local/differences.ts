import type { SnapshotInfo } from '../computer.js';
import type { ManifestEntry } from '../snapshot-format.js';
import { type EarlierEntries, type KnownTree, isEqual } from './known-tree.js';

export interface Difference {
  path: string;
  before: ManifestEntry | undefined;
  after: ManifestEntry | undefined;
}

/** Sorted by the bytes of the paths. */
export function differencesOf(tree: KnownTree, earlier: EarlierEntries): Difference[] {
  const differences: Difference[] = [];
  for (const [path, known] of earlier) {
    const before = known?.entry;
    const after = tree.get(path)?.entry;
    if (before === after || (before && after && isEqual(before, after))) continue;
    differences.push({ path, before, after });
  }
  return differences.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Of all but folders. */
export function changesIn(differences: readonly Difference[]): SnapshotInfo['changed'] {
  const changed = { added: 0, modified: 0, removed: 0 };
  for (const { before, after } of differences) {
    const was = before !== undefined && before.type !== 'directory';
    const is = after !== undefined && after.type !== 'directory';
    if (was && is) changed.modified += contentOf(before) === contentOf(after) ? 0 : 1;
    else if (is) changed.added++;
    else if (was) changed.removed++;
  }
  return changed;
}

export function* contentChanges(
  differences: readonly Difference[],
): Iterable<[ManifestEntry | undefined, ManifestEntry | undefined]> {
  for (const { before, after } of differences) {
    if (before?.sha256 !== after?.sha256) yield [before, after];
  }
}

export interface TreeSize {
  files: number;
  bytes: number;
}

/** What the differences make of the size of a tree. */
export function sizeAfter({ files, bytes }: TreeSize, differences: readonly Difference[]): TreeSize {
  for (const { before, after } of differences) {
    files += filesOf(after) - filesOf(before);
    bytes += bytesOf(after) - bytesOf(before);
  }
  return { files, bytes };
}

function contentOf({ type, mode, sha256, target, link, xattrs }: ManifestEntry): string {
  return JSON.stringify([type, mode, sha256, target, link, xattrs]);
}

function filesOf(entry: ManifestEntry | undefined): number {
  return entry?.type === 'file' ? 1 : 0;
}

/** Names of one inode hold its bytes once. */
function bytesOf(entry: ManifestEntry | undefined): number {
  return entry?.type === 'file' && entry.link === undefined ? entry.size : 0;
}
