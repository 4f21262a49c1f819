import { digestLine, type ManifestHeader } from '../snapshot-format.js';
import type { ManifestStore } from './manifest-store.js';
import { type KnownEntry, mayHaveChangedUnseen } from './tree-pass.js';

/** A session's tree as of its latest snapshot. */
export interface TreeState {
  header: ManifestHeader;
  tree: Map<string, KnownEntry>;
  /** The paths, sorted; one character a byte. */
  sorted: string[];
  /** Bytes of the whole manifest that the differences build on. */
  baseBytes: number;
}

/** Entries of all remembered trees together; about half a kilobyte each. */
const REMEMBERED_ENTRIES = 40_000;

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
    let entries = 0;
    for (const [each, { sorted }] of [...this.states].reverse()) {
      entries += sorted.length;
      if (entries > REMEMBERED_ENTRIES) this.states.delete(each);
    }
  }

  forget(folder: string): void {
    this.states.delete(folder);
  }
}

async function readState(id: string, manifests: ManifestStore): Promise<TreeState | undefined> {
  const chain = await manifests.chain(id);
  const [header] = chain;
  const base = chain.at(-1)?.snapshot_id;
  if (header === undefined || base === undefined) return undefined;
  const tree = new Map<string, KnownEntry>();
  for (const [path, entry] of await manifests.entries(chain)) {
    const stamp = mayHaveChangedUnseen(entry, header.started_ns) ? '' : undefined;
    tree.set(path, { entry, line: digestLine(entry), stamp });
  }
  const baseBytes = await manifests.size(base);
  // Deleting snapshots may have moved the base.
  return { header: { ...header, base }, tree, sorted: [...tree.keys()].sort(), baseBytes };
}
