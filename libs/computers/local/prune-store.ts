import { lstatSync, rmSync } from 'node:fs';
import type { ManifestEntry, ManifestHeader } from '../snapshot-format.js';
import { EventLoopSlices } from './event-loop.js';
import type { ManifestStore } from './manifest-store.js';
import type { ObjectStore } from './object-store.js';

/**
 * Deletes all snapshots but these, and then every object that no other manifest names. A kept difference whose parent
 * goes becomes a whole manifest first. Nothing else may write to the store meanwhile.
 */
export async function pruneStore(
  manifests: ManifestStore,
  objects: ObjectStore,
  keep: ReadonlySet<string>,
): Promise<{ snapshots: number; bytes: number }> {
  const ids = await manifests.ids();
  const used = new Set<string>();
  let entries = new Map<string, ManifestEntry>();
  let before: string | undefined;
  // Each manifest is read once: entries are as of the snapshot before, which is the next one's parent.
  for (const id of ids) {
    const header = manifests.header(id);
    const follows = header.parent !== null && header.parent === before;
    if (!follows) entries = await manifests.entries(manifests.chain(id));
    const own = follows ? await manifests.apply(id, entries) : entries.values();
    const parentGoes = header.parent !== null && !keep.has(header.parent);
    if (keep.has(id)) {
      const known = follows && !parentGoes;
      for (const { sha256 } of known ? own : entries.values()) if (sha256 !== undefined) used.add(sha256);
      if (parentGoes) await makeWhole(manifests, header, entries);
    }
    before = id;
  }
  const gone = ids.filter((id) => !keep.has(id));
  for (const id of gone) await manifests.remove(id);
  await manifests.removeUnfinished();
  return { snapshots: gone.length, bytes: await sweep(objects, used) };
}

async function makeWhole(
  manifests: ManifestStore,
  header: ManifestHeader,
  entries: ReadonlyMap<string, ManifestEntry>,
): Promise<void> {
  const whole = { ...header, parent: null, base: header.snapshot_id, depth: 0, depth_bytes: 0 };
  const lines = [...entries.keys()].sort().map((path) => JSON.stringify(entries.get(path)));
  await manifests.write(whole, lines);
}

async function sweep(objects: ObjectStore, used: ReadonlySet<string>): Promise<number> {
  const slices = new EventLoopSlices();
  let bytes = 0;
  for await (const { sha256, place } of objects.list()) {
    if (used.has(sha256)) continue;
    bytes += lstatSync(place, { throwIfNoEntry: false })?.size ?? 0;
    rmSync(place, { force: true });
    if (slices.isOver) await slices.next();
  }
  return bytes;
}
