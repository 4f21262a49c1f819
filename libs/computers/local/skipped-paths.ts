import type { SkipReason, SkippedPath } from '../computer.js';
import { SNAPSHOT_LIMITS, pathToText } from '../snapshot-format.js';

/** Bytes of a path that are named: a folder that is deep enough makes one as long as it likes. */
const MAX_PATH = 4096;

/** What a copy leaves out: the first paths by name, the rest as a number. */
export class SkippedPaths {
  readonly named: SkippedPath[] = [];
  total = 0;

  /** Adds all of another one's. */
  take({ named, total }: SkippedPaths): void {
    this.named.push(...named.slice(0, SNAPSHOT_LIMITS.skippedNamed - this.named.length));
    this.total += total;
  }

  /** The path has one character a byte. */
  add(path: string, why: SkipReason): void {
    this.total++;
    if (this.named.length >= SNAPSHOT_LIMITS.skippedNamed) return;
    this.named.push({ path: pathToText(Buffer.from(path.slice(0, MAX_PATH), 'latin1')), why });
  }
}
