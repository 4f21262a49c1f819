import type { ManifestHeader } from '../snapshot-format.js';
import { EventLoopSlices } from './event-loop.js';
import type { ManifestStore } from './manifest-store.js';
import { type KnownTree, mayHaveChangedUnseen, youngAsOf } from './known-tree.js';
import { SortedTree } from './sorted-tree.js';
import type { EarlierLook } from './tree-pass.js';

/** A session's tree as of its latest snapshot. */
export interface TreeState {
  header: ManifestHeader;
  tree: KnownTree;
  sorted: SortedTree;
  /** Bytes of the whole manifest that the differences build on. */
  baseBytes: number;
  /** Undefined when every entry has to be looked at. */
  looked: EarlierLook | undefined;
}

/** Memory of all remembered trees together, as `sizeOf` estimates it; enough for some 40,000 files. */
const REMEMBERED_BYTES = 20 * 1024 * 1024;
/** Of an entry, beside its texts. */
const ENTRY_BYTES = 256;

/** The trees of the sessions that were kept last, so that the next snapshot need not read their manifests. */
export class TreeStates {
  private readonly states = new Map<string, TreeState>();

  /** The state of the latest snapshot in the store; undefined when there is none. */
  async latest(folder: string, manifests: ManifestStore): Promise<TreeState | undefined> {
    const id = (await manifests.ids()).at(-1);
    const known = this.states.get(folder);
    this.states.delete(folder);
    if (id === undefined) return undefined;
    return known?.header.snapshot_id === id ? known : readState(id, manifests);
  }

  remember(folder: string, state: TreeState): void {
    this.states.set(folder, state);
    let bytes = 0;
    for (const [each, kept] of [...this.states].reverse()) {
      if (bytes <= REMEMBERED_BYTES) bytes += sizeOf(kept);
      if (bytes > REMEMBERED_BYTES) this.states.delete(each);
    }
  }

  forget(folder: string): void {
    this.states.delete(folder);
  }
}

/** Each path is there twice, beside the line of the digest. */
function sizeOf({ tree, sorted }: TreeState): number {
  return 3 * sorted.bytes + tree.size * ENTRY_BYTES;
}

async function readState(id: string, manifests: ManifestStore): Promise<TreeState | undefined> {
  const chain = manifests.chain(id);
  const [header] = chain;
  const base = chain.at(-1)?.snapshot_id;
  if (header === undefined || base === undefined) return undefined;
  const tree: KnownTree = new Map();
  const slices = new EventLoopSlices();
  const young = youngAsOf(header.started_ns);
  for (const [path, entry] of await manifests.entries(chain)) {
    const stamp = mayHaveChangedUnseen(entry, young) ? '' : undefined;
    tree.set(path, { entry, stamp });
    if (slices.isOver) await slices.next();
  }
  const baseBytes = await manifests.size(base);
  // Deleting snapshots may have moved the base.
  return {
    header: { ...header, base },
    tree,
    sorted: await SortedTree.of(tree),
    baseBytes,
    looked: undefined,
  };
}
