import { randomUUID } from 'node:crypto';
import { type ManifestHeader, SNAPSHOT_LIMITS } from '../snapshot-format.js';
import type { Difference } from './differences.js';
import type { KnownTree } from './known-tree.js';
import type { ManifestStore } from './manifest-store.js';
import { textOf } from './scanned-entry.js';
import type { SortedTree } from './sorted-tree.js';
import type { TreeState } from './tree-state.js';

interface ManifestContent {
  tree: KnownTree;
  sorted: SortedTree;
  differences: readonly Difference[];
  /** The contents of the files are safe on the disk. */
  synced: Promise<void>;
}

/** As a difference to the snapshot before, until the chain is long enough. */
export function placeInChain(before: TreeState | undefined) {
  const snapshot_id = nextId(before?.header.snapshot_id);
  const version = 2 as const;
  const whole = { version, snapshot_id, parent: null, base: snapshot_id, depth: 0, depth_bytes: 0 };
  if (before === undefined) return whole;
  const { header, baseBytes } = before;
  const full = header.depth + 1 >= SNAPSHOT_LIMITS.depth || header.depth_bytes > baseBytes;
  if (full) return whole;
  const { snapshot_id: parent, base, depth, depth_bytes } = header;
  return { version, snapshot_id, parent, base, depth: depth + 1, depth_bytes };
}

export async function writeManifest(
  manifests: ManifestStore,
  before: TreeState | undefined,
  header: ManifestHeader,
  { tree, sorted, differences, synced }: ManifestContent,
): Promise<{ header: ManifestHeader; bytes: number; baseBytes: number }> {
  if (header.parent !== null && before !== undefined) {
    const lines = differences.map(({ path, after }) =>
      JSON.stringify(after ?? { path: textOf(path), gone: true }),
    );
    const size = lines.reduce((total, line) => total + line.length, 0);
    const grown = { ...header, depth_bytes: header.depth_bytes + size };
    return { header: grown, bytes: await manifests.write(grown, lines, synced), baseBytes: before.baseBytes };
  }
  const bytes = await manifests.write(header, wholeLines(tree, sorted), synced);
  return { header, bytes, baseBytes: bytes };
}

/** Ids sort by their times, also when the clock was put back. */
function nextId(latest: string | undefined): string {
  const after = latest === undefined ? 0 : Number.parseInt(latest.slice(0, 9), 36) + 1;
  return `${Math.max(Date.now(), after).toString(36).padStart(9, '0')}-${randomUUID()}`;
}

function* wholeLines(tree: KnownTree, sorted: SortedTree): Iterable<string> {
  for (const path of sorted.paths()) yield JSON.stringify(tree.get(path)?.entry);
}
