import type { SnapshotInfo } from '../computer.js';
import type { ManifestHeader, SnapshotRoom } from '../snapshot-format.js';
import { changesIn, contentChanges, differencesOf, sizeAfter } from './differences.js';
import { countLines } from './line-counts.js';
import type { ManifestStore } from './manifest-store.js';
import type { ObjectStore } from './object-store.js';
import type { EarlierEntries, KnownEntry, KnownTree } from './known-tree.js';
import { type EarlierLook, TreePass } from './tree-pass.js';
import type { TreeState } from './tree-state.js';
import { placeInChain, writeManifest } from './write-manifest.js';
import { SortedTree } from './sorted-tree.js';

export interface SnapshotSource {
  files: string;
  objects: ObjectStore;
  manifests: ManifestStore;
  /** The tree as of the latest snapshot. */
  before: TreeState | undefined;
  /** A file that says the time when it is written. */
  mark: string;
  /** Holds the processes of the computer. Undefined when none runs. */
  pausing: Pausing | undefined;
  signal: AbortSignal;
  /** Undefined: as much as snapshots have. */
  room?: SnapshotRoom;
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
  const { before, manifests, objects } = source;
  const tree: KnownTree = before?.tree ?? new Map<string, KnownEntry>();
  const earlier: EarlierEntries = new Map();
  const { skipped, forNext: looked } = await look(source, clock, tree, earlier);
  const takenNs = nowNs();
  const synced = objects.sync();
  // Waited for where the manifest is written; until then it may fail.
  synced.catch(() => undefined);
  const differences = differencesOf(tree, earlier);
  const sorted = await (before?.sorted ?? SortedTree.empty).with(differences, tree);
  const header: ManifestHeader = {
    ...placeInChain(before),
    started_ns: startedNs,
    taken_ns: takenNs,
    digest: sorted.digest(),
    ...sizeAfter(before?.header ?? { files: 0, bytes: 0 }, differences),
    changed: changesIn(differences),
    lines: await countLines(contentChanges(differences), objects),
    skipped: skipped.named,
    skipped_total: skipped.total,
  };
  const written = await writeManifest(manifests, before, header, {
    tree,
    sorted,
    differences,
    synced,
  });
  const { snapshot_id, digest, files, bytes, changed, lines } = written.header;
  return {
    state: { header: written.header, tree, sorted, baseBytes: written.baseBytes, looked },
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
      storedBytes: objects.storedBytes + written.bytes,
    },
  };
}

/** Brings the tree up to date, and gives the last pass over it. */
async function look(
  source: SnapshotSource,
  clock: PauseClock,
  tree: KnownTree,
  earlier: EarlierEntries,
): Promise<TreePass> {
  const { signal } = source;
  // Of a tree that was never copied there is much to copy.
  const working = source.before
    ? await pausedPass(source, clock, { tree, looked: source.before.looked }, isLittle)
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
  // Of what was left, nothing is known: it is looked at again.
  const known = { tree, looked: overBudget ? undefined : working.forNext };
  const second = await pausedPass(source, clock, known, () => !overBudget);
  nameLeft(second, overBudget ? 'budget' : 'changed_while_read');
  if (!overBudget) await second.copy(signal, AbortSignal.timeout(COPYING_MS));
  return merged(second, earlier);
}

function merged(pass: TreePass, earlier: EarlierEntries): TreePass {
  pass.merge(earlier);
  return pass;
}

/** Looks at the tree while the processes stand still, and copies what changed if `copies` says so. */
async function pausedPass(
  { files, objects, mark, room, signal }: SnapshotSource,
  clock: PauseClock,
  { tree, looked }: { tree: KnownTree; looked: EarlierLook | undefined },
  copies: (pass: TreePass) => boolean,
): Promise<TreePass> {
  const pass = await TreePass.prepare(files, tree, objects, { mark, earlier: looked, room });
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

async function workingPass(
  { files, objects, mark, room, signal }: SnapshotSource,
  known: KnownTree,
): Promise<TreePass> {
  const pass = await TreePass.prepare(files, known, objects, { mark, room });
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

function nowNs(): string {
  return String(BigInt(Date.now()) * 1_000_000n);
}
