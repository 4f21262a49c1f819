import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, utimesSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import type { ManifestEntry } from '../snapshot-format.js';
import { YOUNG_NS, changedFrom, readFileClock } from './file-clock.js';
import type { KnownTree } from './known-tree.js';
import { ObjectStore } from './object-store.js';
import { type EarlierLook, TreePass } from './tree-pass.js';

const { signal } = new AbortController();

/** Each follows on the ones before it. */
const CHANGES = [
  ['a file grows', 'echo more >> code/1/7'],
  ['a file is replaced by another one', 'echo new > new; mv new code/2/7'],
  ['a file is replaced with old times', 'echo old > o; touch -d @1 o; mv o code/2/8; touch -d @1 code/2'],
  [
    'files come, go and move',
    'rm code/3/1; touch code/3/new; mv code/3/2 code/4/moved; mv code/3/3 code/3/4',
  ],
  ['a folder moves', 'mv code/5 data/five'],
  ['two folders change places', 'mv code/6 data/x; mv code/7 code/6; mv data/x code/7'],
  [
    'a folder is replaced by one that has some of the same',
    'mv code/8 x; mkdir code/8; mv x/1 code/8; rm -r x',
  ],
  [
    'a folder becomes a file, and a file a folder',
    'rm -r code/9; touch code/9; rm code/10/1; mkdir -p code/10/1/in',
  ],
  ['a folder becomes a link to another one', 'rm -r code/11; ln -s 12 code/11'],
  ['folders come with what is in them', 'mkdir -p data/a/b/c; touch data/a/b/c/f; cp -r code/12 data/a/copy'],
  ['a mode and a time change', 'chmod 600 code/13/1; touch -d @5 code/13/2; chmod 700 code/13'],
  ['a name is added to a file', 'ln code/14/1 code/1/linked; ln code/14/1 data/linked'],
  ['the first name of a file goes', 'mv code/1/linked data/z; rm code/14/1'],
  ['what is left of the names moves', 'mv data/linked code/14/back'],
  [
    'pipes, and a socket that is left out',
    `mkfifo data/pipe; perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("data/socket"))'`,
  ],
  ['a name that is no text', String.raw`touch $'data/\xff'; mkdir $'data/\xfe'; touch $'data/\xfe/in'`],
  ['a folder is closed', 'chmod 000 code/15'],
  ['something changes in the closed folder', 'chmod 700 code/15; echo x >> code/15/3; chmod 000 code/15'],
  ['the socket becomes a file', 'rm data/socket; echo s > data/socket'],
  ['a folder at the top goes', 'chmod 700 code/15; rm -r data'],
] as const;

describe('a look at what changed in a tree', () => {
  let root: string;
  let files: string;
  let tree: KnownTree;
  let looked: EarlierLook | undefined;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-changes-'));
    files = join(root, 'files');
    mkdirSync(files);
    bash(
      'for d in {1..20}; do mkdir -p code/$d data; for f in {1..40}; do echo $d $f > code/$d/$f; done; mkdir code/$d/in; echo $d > code/$d/in/f; done',
    );
    tree = new Map();
    looked = undefined;
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const bash = (command: string): void => void execFileSync('bash', ['-c', command], { cwd: files });
  const mark = (): string => join(root, 'mark');

  /** Brings a tree up to date, and gives what was found to have changed. */
  const pass = async (known: KnownTree, earlier?: EarlierLook) => {
    const made = await TreePass.prepare(files, known, new ObjectStore(join(root, 'objects')), {
      mark: mark(),
      earlier,
    });
    try {
      await made.look(signal);
      const changed = made.changed.map(({ path }) => path);
      await made.copy(signal, signal);
      made.merge(new Map());
      return { changed, skipped: made.skipped.named, next: made.forNext };
    } finally {
      made.close();
    }
  };
  /** So that what was changed last is no longer too young to be told apart. */
  const old = (): Promise<void> => {
    const since = statSync(join(files, 'code'), { bigint: true }).ctimeNs;
    return eventually(async () => (readFileClock(mark(), files)?.ns ?? 0n) > since + 2n * YOUNG_NS);
  };
  const sorted = (known: KnownTree): [string, ManifestEntry][] =>
    [...known]
      .map(([path, { entry }]): [string, ManifestEntry] => [path, withoutOwnTraces(entry)])
      .sort(byPath);

  it('finds what a look at all of it finds', async () => {
    ({ next: looked } = await pass(tree));
    for (const [what, command] of CHANGES) {
      bash(command);
      const part = await pass(tree, looked);
      const whole: KnownTree = new Map();
      const { skipped } = await pass(whole);
      expect({ what, tree: sorted(tree), skipped: part.skipped }).toEqual({
        what,
        tree: sorted(whole),
        skipped,
      });
      looked = part.next;
      expect({ what, looked }).toMatchObject({ looked: { again: expect.any(Array) } });
    }
  }, 60_000);

  it('looks at no more than what changed', async () => {
    bash('touch code');
    await old();
    ({ next: looked } = await pass(tree));
    // Known as little that it would look like another one if it were looked at.
    for (const known of tree.values()) known.stamp = 'other';
    bash('echo more >> code/1/7; touch code/2/new');
    expect((await pass(tree, looked)).changed.sort()).toEqual([
      'code/1/7',
      'code/2',
      ...Array.from({ length: 40 }, (_, n) => `code/2/${n + 1}`).sort(),
      'code/2/in',
      'code/2/new',
    ]);
  });
});

describe('the clock of files', () => {
  it('is not relied on when it was set, or is another one than that of the tree', async () => {
    const root = await mkdtemp(join(tmpdir(), 'raworc-clock-'));
    try {
      const mark = join(root, 'mark');
      const first = readFileClock(mark, root);
      if (first === undefined) throw new Error('the clock could not be read');
      expect(changedFrom(first, first)).toBe(first.ns - YOUNG_NS);
      for (const step of [-60_000, -30, 30, 60_000]) {
        expect(changedFrom(first, { ...first, aheadMs: first.aheadMs + step })).toBeUndefined();
      }
      utimesSync(mark, 1, 1);
      expect(readFileClock(mark, root)?.ns).toBeGreaterThan(first.ns - 1n);
      expect(readFileClock(mark, '/proc')).toBeUndefined();
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});

/** A folder that its owner closed is opened for a look, where the service is not root, and closed again. */
function withoutOwnTraces(entry: ManifestEntry): ManifestEntry {
  return 'ctime_ns' in entry && entry.mode === 0 ? { ...entry, ctime_ns: '0' } : entry;
}

function byPath([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
