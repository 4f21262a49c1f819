import type { SkipReason, SkippedPath } from '../computer.js';
import { SNAPSHOT_LIMITS, pathToText, textToPath } from '../snapshot-format.js';

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

  /** The paths, one character a byte, to look at again. Undefined when not all are known, or there was no room. */
  again(): string[] | undefined {
    if (this.total > this.named.length) return undefined;
    const paths = this.named.map(({ path }) => textToPath(path).toString('latin1'));
    const isKnown = paths.every((path) => path.length < MAX_PATH);
    return isKnown && this.named.every(({ why }) => why !== 'budget') ? paths : undefined;
  }

  /** The path has one character a byte. */
  add(path: string, why: SkipReason): void {
    this.total++;
    if (this.named.length >= SNAPSHOT_LIMITS.skippedNamed) return;
    this.named.push({ path: pathToText(Buffer.from(path.slice(0, MAX_PATH), 'latin1')), why });
  }
}
