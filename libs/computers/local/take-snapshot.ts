import { randomUUID } from 'node:crypto';
import type { SnapshotInfo } from '../computer.js';
import { type ManifestEntry, type ManifestHeader, SNAPSHOT_LIMITS, digestOf } from '../snapshot-format.js';
import { countLines } from './line-counts.js';
import type { ManifestStore } from './manifest-store.js';
import type { ObjectStore } from './object-store.js';
import { type KnownEntry, TreePass } from './tree-pass.js';
import type { TreeState } from './tree-state.js';
import { textOf } from './tree-scan.js';

export interface SnapshotSource {
  files: string;
  objects: ObjectStore;
  manifests: ManifestStore;
  /** The tree as of the latest snapshot. */
  before: TreeState | undefined;
  /** Holds the processes of the computer. Undefined when none runs. */
  pausing: Pausing | undefined;
  signal: AbortSignal;
}

export interface Pausing {
  pause(): Promise<void>;
  resume(): Promise<void>;
}

/** What changed may be copied in the first pause when it is no more than this. */
const COPIED_AT_ONCE = { files: 200, bytes: 8 * 1024 * 1024 };
/** For copying while the processes run. */
export const COPYING_MS = 120_000;
/** For copying while they stand still. */
const PAUSED_COPYING_MS = 2_000;

/**
 * Takes a snapshot: while the processes stand still the whole tree is looked at, and what changed is copied. When that
 * is much, it is copied while they run, and they stand still only for a second look and for what changed meanwhile.
 */
export async function takeSnapshot(
  source: SnapshotSource,
): Promise<{ info: SnapshotInfo; state: TreeState }> {
  const startedNs = nowNs();
  const clock = new PauseClock(source.pausing);
  const pass = await look(source, clock);
  const takenNs = nowNs();
  const tree = withKnownIdentity(pass.tree, source.before);
  const sorted = sortedPaths(tree, source.before);
  await source.objects.sync();
  const differences = differencesOf(tree, source.before);
  const header: ManifestHeader = {
    ...placeInChain(source.before),
    started_ns: startedNs,
    taken_ns: takenNs,
    digest: digestOf(sorted.map((path) => tree.get(path)?.line ?? '')),
    ...sizeOf(tree),
    changed: changesIn(differences),
    lines: await countLines(contentChanges(differences), source.objects),
    skipped: pass.skipped.named,
    skipped_total: pass.skipped.total,
  };
  const written = await writeManifest(source, header, { tree, sorted, differences });
  const { snapshot_id, digest, files, bytes, changed, lines, skipped, skipped_total } = written.header;
  return {
    state: { header: written.header, tree, sorted, baseBytes: written.baseBytes },
    info: {
      snapshotId: snapshot_id,
      digest,
      files,
      bytes,
      changed,
      lines,
      skipped,
      skippedTotal: skipped_total,
      pausedMs: Math.round(clock.pausedMs),
      storedBytes: source.objects.storedBytes + written.bytes,
    },
  };
}

async function look(source: SnapshotSource, clock: PauseClock): Promise<TreePass> {
  const { before, signal } = source;
  // Of a tree that was never copied there is much to copy.
  const first = before && (await pausedPass(source, clock, before.tree, isLittle));
  if (first && first.changed.length === 0) return first;
  const working = first ?? (await workingPass(source));
  try {
    await working.copy(signal, AbortSignal.timeout(COPYING_MS));
  } finally {
    working.close();
  }
  if (source.pausing === undefined) return nameLeft(working, 'budget');
  const overBudget = working.changed.length > 0;
  const second = await pausedPass(source, clock, working.tree, () => !overBudget);
  if (overBudget) return nameLeft(second, 'budget');
  nameLeft(second, 'changed_while_read');
  await second.copy(signal, AbortSignal.timeout(COPYING_MS));
  return second;
}

/** Looks at the tree while the processes stand still, and copies what changed if `copies` says so. */
async function pausedPass(
  { files, objects, signal }: SnapshotSource,
  clock: PauseClock,
  known: ReadonlyMap<string, KnownEntry>,
  copies: (pass: TreePass) => boolean,
): Promise<TreePass> {
  const pass = await TreePass.prepare(files, known, objects);
  try {
    await clock.paused(async () => {
      await pass.look(signal);
      if (copies(pass)) await pass.copy(signal, AbortSignal.timeout(PAUSED_COPYING_MS));
    });
    return pass;
  } finally {
    pass.close();
  }
}

async function workingPass({ files, objects, signal }: SnapshotSource): Promise<TreePass> {
  const pass = await TreePass.prepare(files, new Map(), objects);
  try {
    await pass.look(signal);
    return pass;
  } catch (error) {
    pass.close();
    throw error;
  }
}

function isLittle({ changed, changedBytes }: TreePass): boolean {
  return changed.length <= COPIED_AT_ONCE.files && changedBytes <= COPIED_AT_ONCE.bytes;
}

function nameLeft(pass: TreePass, why: 'budget' | 'changed_while_read'): TreePass {
  for (const { path } of pass.changed) pass.skipped.add(path, why);
  return pass;
}

/** Holds the processes and measures for how long. */
class PauseClock {
  pausedMs = 0;

  constructor(private readonly pausing: Pausing | undefined) {}

  async paused<T>(task: () => Promise<T>): Promise<T> {
    if (this.pausing === undefined) return task();
    const since = performance.now();
    try {
      await this.pausing.pause();
      return await task();
    } finally {
      await this.pausing.resume();
      this.pausedMs += performance.now() - since;
    }
  }
}

interface Difference {
  path: string;
  before: ManifestEntry | undefined;
  after: ManifestEntry | undefined;
}

interface ManifestContent {
  tree: ReadonlyMap<string, KnownEntry>;
  sorted: readonly string[];
  differences: readonly Difference[];
}

/** An entry that turned out to be as it was stays the same object, by which differences are found. */
function withKnownIdentity(
  tree: Map<string, KnownEntry>,
  before: TreeState | undefined,
): Map<string, KnownEntry> {
  if (before === undefined) return tree;
  for (const [path, now] of tree) {
    const known = before.tree.get(path);
    if (known === undefined || known === now) continue;
    if (JSON.stringify(known.entry) !== JSON.stringify(now.entry)) continue;
    known.stamp = now.stamp;
    tree.set(path, known);
  }
  return tree;
}

/** Sorting is left out where no path came or went. */
function sortedPaths(tree: ReadonlyMap<string, KnownEntry>, before: TreeState | undefined): string[] {
  const same = before?.sorted.length === tree.size && before.sorted.every((path) => tree.has(path));
  return same ? before.sorted : [...tree.keys()].sort();
}

/** Sorted by the bytes of the paths. */
function differencesOf(tree: ReadonlyMap<string, KnownEntry>, before: TreeState | undefined): Difference[] {
  const differences: Difference[] = [];
  for (const [path, now] of tree) {
    const known = before?.tree.get(path);
    if (known !== now) differences.push({ path, before: known?.entry, after: now.entry });
  }
  for (const [path, { entry }] of before?.tree ?? []) {
    if (!tree.has(path)) differences.push({ path, before: entry, after: undefined });
  }
  return differences.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Of all but folders. */
function changesIn(differences: readonly Difference[]): SnapshotInfo['changed'] {
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

function* contentChanges(
  differences: readonly Difference[],
): Iterable<[ManifestEntry | undefined, ManifestEntry | undefined]> {
  for (const { before, after } of differences) {
    if (before?.sha256 !== after?.sha256) yield [before, after];
  }
}

function contentOf({ type, mode, sha256, target, link, xattrs }: ManifestEntry): string {
  return JSON.stringify([type, mode, sha256, target, link, xattrs]);
}

/** Names of one inode hold its bytes once. */
function sizeOf(tree: ReadonlyMap<string, KnownEntry>): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const { entry } of tree.values()) {
    if (entry.type !== 'file') continue;
    files++;
    if (entry.link === undefined) bytes += entry.size;
  }
  return { files, bytes };
}

/** As a difference to the snapshot before, until the chain is long enough. */
function placeInChain(before: TreeState | undefined) {
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

/** Ids sort by their times, also when the clock was put back. */
function nextId(latest: string | undefined): string {
  const after = latest === undefined ? 0 : Number.parseInt(latest.slice(0, 9), 36) + 1;
  return `${Math.max(Date.now(), after).toString(36).padStart(9, '0')}-${randomUUID()}`;
}

async function writeManifest(
  { manifests, before }: SnapshotSource,
  header: ManifestHeader,
  { tree, sorted, differences }: ManifestContent,
): Promise<{ header: ManifestHeader; bytes: number; baseBytes: number }> {
  if (header.parent !== null && before !== undefined) {
    const lines = differences.map(({ path, after }) =>
      JSON.stringify(after ?? { path: textOf(path), gone: true }),
    );
    const size = lines.reduce((total, line) => total + line.length, 0);
    const grown = { ...header, depth_bytes: header.depth_bytes + size };
    return { header: grown, bytes: await manifests.write(grown, lines), baseBytes: before.baseBytes };
  }
  const bytes = await manifests.write(header, wholeLines(tree, sorted));
  return { header, bytes, baseBytes: bytes };
}

function* wholeLines(tree: ReadonlyMap<string, KnownEntry>, sorted: readonly string[]): Iterable<string> {
  for (const path of sorted) yield JSON.stringify(tree.get(path)?.entry);
}

function nowNs(): string {
  return String(BigInt(Date.now()) * 1_000_000n);
}
