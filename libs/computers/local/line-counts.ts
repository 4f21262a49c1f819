import { readFileSync } from 'node:fs';
import { type ManifestEntry, SNAPSHOT_LIMITS } from '../snapshot-format.js';
import { EventLoopSlices } from './event-loop.js';
import type { ObjectStore } from './object-store.js';

/** Contents read for one snapshot; what comes after them is not counted. */
const MAX_BYTES = 16 * 1024 * 1024;
/** As git does: a file with a NUL among its first bytes is no text. */
const LOOKED_AT = 8000;

export interface LineCounts {
  added: number;
  removed: number;
}

/**
 * How many lines the changed text files have gained and lost. A line that moves counts as neither, for lines are
 * compared without their order.
 */
export async function countLines(
  changes: Iterable<[before: ManifestEntry | undefined, after: ManifestEntry | undefined]>,
  objects: ObjectStore,
): Promise<LineCounts> {
  const counts = { added: 0, removed: 0 };
  let bytes = 0;
  const slices = new EventLoopSlices();
  for (const [before, after] of changes) {
    bytes += (before?.size ?? 0) + (after?.size ?? 0);
    if (bytes > MAX_BYTES) break;
    if (slices.isOver) await slices.next();
    const [old, now] = [textOf(before, objects), textOf(after, objects)];
    if (old === undefined || now === undefined) continue;
    const balance = new Map<string, number>();
    for (const line of now) balance.set(line, (balance.get(line) ?? 0) + 1);
    for (const line of old) balance.set(line, (balance.get(line) ?? 0) - 1);
    for (const difference of balance.values()) {
      if (difference > 0) counts.added += difference;
      else counts.removed -= difference;
    }
  }
  return counts;
}

/** Lines of a text file; undefined for what is not one. */
function textOf(entry: ManifestEntry | undefined, objects: ObjectStore): string[] | undefined {
  if (entry === undefined || entry.type !== 'file') return [];
  if (entry.sha256 === undefined || entry.size > SNAPSHOT_LIMITS.lineBytes) return undefined;
  // So little is read at once: waiting for a thread takes longer.
  const content = readFileSync(objects.place(entry.sha256));
  if (content.subarray(0, LOOKED_AT).includes(0)) return undefined;
  const lines = content.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
