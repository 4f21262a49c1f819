import { randomUUID } from 'node:crypto';
import type { SnapshotInfo } from '../computer.js';
import { type ManifestEntry, type ManifestHeader, SNAPSHOT_LIMITS, digestOf } from '../snapshot-format.js';
import { countLines } from './line-counts.js';
import type { ManifestStore } from './manifest-store.js';
import type { ObjectStore } from './object-store.js';
import type { SkippedPaths } from './skipped-paths.js';
import { type EarlierEntries, type KnownEntry, type KnownTree, TreePass, isEqual } from './tree-pass.js';
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
  /** Gives the time from which on they are held. */
  pause(): Promise<number>;
  resume(): void;
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
  const tree: KnownTree = source.before?.tree ?? new Map<string, KnownEntry>();
  const earlier: EarlierEntries = new Map();
  const skipped = await look(source, clock, tree, earlier);
  const takenNs = nowNs();
  const synced = source.objects.sync();
  // Waited for where the manifest is written; until then it may fail.
  synced.catch(() => undefined);
  const differences = differencesOf(tree, earlier);
  const sorted = sortedPaths(tree, source.before?.sorted ?? [], differences);
  const header: ManifestHeader = {
    ...placeInChain(source.before),
    started_ns: startedNs,
    taken_ns: takenNs,
    digest: digestOf(sorted.map((path) => tree.get(path)?.line ?? '')),
    ...sizeOf(tree),
    changed: changesIn(differences),
    lines: await countLines(contentChanges(differences), source.objects),
    skipped: skipped.named,
    skipped_total: skipped.total,
  };
  const written = await writeManifest(source, header, { tree, sorted, differences, synced });
  const { snapshot_id, digest, files, bytes, changed, lines } = written.header;
  return {
    state: { header: written.header, tree, sorted, baseBytes: written.baseBytes },
    info: {
      snapshotId: snapshot_id,
      digest,
      files,
      bytes,
      changed,
      lines,
      skipped: skipped.named,
      skippedTotal: skipped.total,
      pausedMs: Math.ceil(clock.pausedMs),
      storedBytes: source.objects.storedBytes + written.bytes,
    },
  };
}

/** Brings the tree up to date, and gives what is not in it. */
async function look(
  source: SnapshotSource,
  clock: PauseClock,
  tree: KnownTree,
  earlier: EarlierEntries,
): Promise<SkippedPaths> {
  const { signal } = source;
  // Of a tree that was never copied there is much to copy.
  const working = source.before
    ? await pausedPass(source, clock, tree, isLittle)
    : await workingPass(source, tree);
  if (source.before && working.changed.length === 0) return merged(working, earlier);
  try {
    await working.copy(signal, AbortSignal.timeout(COPYING_MS));
  } finally {
    working.close();
  }
  if (source.pausing === undefined) return merged(nameLeft(working, 'budget'), earlier);
  const overBudget = working.changed.length > 0;
  working.merge(earlier);
  const second = await pausedPass(source, clock, tree, () => !overBudget);
  nameLeft(second, overBudget ? 'budget' : 'changed_while_read');
  if (!overBudget) await second.copy(signal, AbortSignal.timeout(COPYING_MS));
  return merged(second, earlier);
}

function merged(pass: TreePass, earlier: EarlierEntries): SkippedPaths {
  pass.merge(earlier);
  return pass.skipped;
}

/** Looks at the tree while the processes stand still, and copies what changed if `copies` says so. */
async function pausedPass(
  { files, objects, signal }: SnapshotSource,
  clock: PauseClock,
  known: KnownTree,
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

async function workingPass({ files, objects, signal }: SnapshotSource, known: KnownTree): Promise<TreePass> {
  const pass = await TreePass.prepare(files, known, objects);
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
    let since = performance.now();
    try {
      since = await this.pausing.pause();
      return await task();
    } finally {
      this.pausing.resume();
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
  /** The contents of the files are safe on the disk. */
  synced: Promise<void>;
}

/** Sorted by the bytes of the paths. */
function differencesOf(tree: KnownTree, earlier: EarlierEntries): Difference[] {
  const differences: Difference[] = [];
  for (const [path, known] of earlier) {
    const before = known?.entry;
    const after = tree.get(path)?.entry;
    if (before === after || (before && after && isEqual(before, after))) continue;
    differences.push({ path, before, after });
  }
  return differences.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Nearly sorted already, which sorting makes use of. */
function sortedPaths(tree: KnownTree, before: string[], differences: readonly Difference[]): string[] {
  const added = differences.filter((difference) => difference.before === undefined);
  const removed = differences.some((difference) => difference.after === undefined);
  if (added.length === 0 && !removed) return before;
  const left = removed ? before.filter((path) => tree.has(path)) : before;
  return [...left, ...added.map(({ path }) => path)].sort();
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

function* wholeLines(tree: ReadonlyMap<string, KnownEntry>, sorted: readonly string[]): Iterable<string> {
  for (const path of sorted) yield JSON.stringify(tree.get(path)?.entry);
}

function nowNs(): string {
  return String(BigInt(Date.now()) * 1_000_000n);
}
