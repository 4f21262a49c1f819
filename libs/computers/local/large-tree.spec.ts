import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SNAPSHOT_LIMITS } from '../snapshot-format.js';
import type { ScannedEntry } from './scanned-entry.js';
import { SkippedPaths } from './skipped-paths.js';
import { TreeScanner } from './tree-scan.js';

/** A path, one character a byte, that is named by what it is skipped for. */
const LONG = 'd/'.repeat(500_000);

describe('a look at a large tree', () => {
  const path = process.env['PATH'];
  let root: string;
  let files: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-scan-'));
    files = join(root, 'files');
    await mkdir(files);
    const fill = String.raw`cd "$0" && for d in {1..30}; do mkdir -p $d/in; for f in {1..100}; do echo $f > $d/$f; done; done
      ln 1/1 2/linked; ln -s 1/1 link; ln -s ../outside $'link-\xff'; mkfifo pipe; echo > $'\xff\xfe'; touch -d @-1.5 old
      mkdir closed; echo > closed/f; chmod 000 closed; p=$(printf 'deep/%.0s' {1..600}); mkdir -p $p; echo > $p/f`;
    execFileSync('bash', ['-c', fill, files]);
    // All that the system has but find.
    await mkdir(join(root, 'bin'));
    await symlink('/bin/sh', join(root, 'bin/sh'));
  });
  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(root, { recursive: true, force: true, maxRetries: 2 }).catch(() =>
      execFileSync('bash', ['-c', 'chmod -R u+rwx "$0"; rm -rf "$0"', root]),
    );
  });

  const look = async (): Promise<ScannedEntry[]> => {
    const entries: ScannedEntry[] = [];
    const scanner = new TreeScanner(files, 10_000);
    await scanner.prepare();
    const { signal } = new AbortController();
    await scanner.scan({
      onEntry: (entry) => entries.push(entry),
      skipped: new SkippedPaths(),
      room: SNAPSHOT_LIMITS,
      signal,
    });
    scanner.close();
    return entries.sort((left, right) => (left.path < right.path ? -1 : 1));
  };

  /** A folder that its owner closed is opened for the look, which changes when it was changed last. */
  const withoutChangeTime = ({ path, stamp, ...entry }: ScannedEntry) => ({
    ...entry,
    path,
    stamp: path === 'closed' ? stamp.split(' ').toSpliced(6, 1).join(' ') : stamp,
  });

  it('sees the same without GNU find', async () => {
    const withFind = await look();
    process.env['PATH'] = join(root, 'bin');
    const without = await look();
    expect(without.length).toBeGreaterThan(3_600);
    expect(without.map(withoutChangeTime)).toEqual(withFind.map(withoutChangeTime));
  });

  it('lets others work meanwhile when there is no GNU find', async () => {
    process.env['PATH'] = join(root, 'bin');
    let turns = 0;
    const turn = (): void => {
      turns++;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    await look();
    clearImmediate(next);
    expect(turns).toBeGreaterThan(2);
  });
});

describe('the paths that a snapshot names as skipped', () => {
  it('are cut where they are longer than the system lets anybody use', () => {
    const skipped = new SkippedPaths();
    for (let n = 0; n < 200; n++) skipped.add(LONG, 'path_too_long');
    expect(skipped.total).toBe(200);
    expect(JSON.stringify(skipped.named).length).toBeLessThan(1024 * 1024);
  });
});
