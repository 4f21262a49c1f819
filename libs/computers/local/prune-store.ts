import { lstat, rm } from 'node:fs/promises';
import type { ManifestEntry, ManifestHeader } from '../snapshot-format.js';
import { hasCode } from './errno.js';
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
  const gone = ids.filter((id) => !keep.has(id));
  const used = new Set<string>();
  for (const id of ids.filter((each) => keep.has(each))) {
    const chain = await manifests.chain(id);
    const parent = chain[1]?.snapshot_id;
    const entries = await manifests.entries(chain);
    for (const { sha256 } of entries.values()) if (sha256 !== undefined) used.add(sha256);
    const [header] = chain;
    if (header && parent !== undefined && !keep.has(parent)) await makeWhole(manifests, header, entries);
  }
  for (const id of gone) await manifests.remove(id);
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
  let bytes = 0;
  for await (const { sha256, place } of objects.list()) {
    if (used.has(sha256)) continue;
    const stat = await lstat(place).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    bytes += stat?.size ?? 0;
    await rm(place, { force: true });
  }
  return bytes;
}
