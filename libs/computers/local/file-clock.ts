import { lstatSync, statSync, writeFileSync } from 'node:fs';

/** A moment by the clock that times of files are taken from, which may be that of another machine. */
export interface FileMoment {
  ns: bigint;
  /** What that clock was ahead of one that nobody sets. */
  aheadMs: number;
}

/** Times of files lag behind the clock by up to one tick of the kernel: a file this young may still change unseen. */
export const YOUNG_NS = 50_000_000n;
/** By how much two readings may differ without the clock having been set. */
const STEP_MS = 20;

/** Reads the clock by writing a file. Undefined when the tree is on another file system, whose clock is not known. */
export function readFileClock(mark: string, tree: string): FileMoment | undefined {
  writeFileSync(mark, '');
  const now = performance.now();
  const { mtimeNs, dev } = lstatSync(mark, { bigint: true });
  if (statSync(tree, { bigint: true }).dev !== dev) return undefined;
  return { ns: mtimeNs, aheadMs: Number(mtimeNs / 1_000n) / 1_000 - now };
}

/** From when on files count as changed since. Undefined when the clock was set meanwhile. */
export function changedFrom(earlier: FileMoment, now: FileMoment): bigint | undefined {
  return Math.abs(now.aheadMs - earlier.aheadMs) > STEP_MS ? undefined : earlier.ns - YOUNG_NS;
}
