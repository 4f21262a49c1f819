import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { SNAPSHOT_LIMITS } from '../snapshot-format.js';
import { SkippedPaths } from './skipped-paths.js';
import { TreeScanner } from './tree-scan.js';

const TARGET_BYTES = 4094;
/** As `\u0001`. */
const WRITTEN_BYTES = 6 * TARGET_BYTES;

it('takes no more link targets into memory than the limit of all paths allows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'raworc-scan-'));
  const allowed = Math.floor(SNAPSHOT_LIMITS.writtenBytes / WRITTEN_BYTES);
  try {
    const make = `symlink "\\x01" x ${TARGET_BYTES}, $_ or die for 1..${allowed + 10}`;
    execFileSync('perl', ['-e', make], { cwd: folder });
    const skipped = new SkippedPaths();
    let taken = 0;
    const { signal } = new AbortController();
    await new TreeScanner(folder, 0).scan({ onEntry: () => taken++, skipped, room: SNAPSHOT_LIMITS, signal });
    expect(taken).toBeGreaterThan(allowed - 10);
    expect(taken).toBeLessThanOrEqual(allowed);
    expect(skipped.named).toMatchObject([{ why: 'budget' }]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
