import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '../computer.js';
import { bubblewrapProblem, createLocalComputers } from './index.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

const problem = await bubblewrapProblem();
if (problem !== undefined) process.stderr.write(`not run in a sandbox, because ${problem}\n`);
const modes = problem === undefined ? (['bubblewrap', 'unsafe'] as const) : (['unsafe'] as const);

describe.each(modes)('a tree that is made to be hard to keep, %s', (mode) => {
  let root: string;
  let computers: Computers;
  const bash = async (command: string) => (await computers.shell('a')).run(command, LIMITS);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-hostile-'));
    computers = createLocalComputers({ root, mode });
    for (const sessionId of ['a', 'b']) await computers.create({ sessionId });
    await computers.start('a');
  });

  afterEach(async () => {
    for (const sessionId of ['a', 'b']) await computers.destroy(sessionId);
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  it('has a pipe whose name is no text: all else comes back', async () => {
    await bash(String.raw`mkfifo $'data/\xff' data/pipe; echo before > data/f`);
    const { snapshotId } = await computers.snapshot('a');
    const source = { sessionId: 'a', snapshotId };
    expect(await computers.copyFrom('b', source, { code: true, data: true })).toMatchObject({
      files: 1,
      skipped: [{ path: 'data/\udcff', why: 'name_unsupported' }],
    });
    await bash('echo after > data/f');
    await computers.restoreSnapshot('a', snapshotId);
    expect((await bash('cat data/f; ls data')).output).toBe('before\nf\npipe\n');
  });

  it.each(['644', '000'])(
    'has a file of mode %s that a program holds a lease on: it is named',
    async (fileMode) => {
      await bash(
        `echo x > data/f; echo y > data/leased; cd data
      perl -e '$SIG{IO} = "IGNORE"; open F, "+<", "leased"; chmod ${fileMode === '000' ? '0' : '0644'}, "leased"; fcntl F, 1024, 1 or print "none"; open R, ">", "ready"; close R; sleep 60' &
      until [ -e ready ]; do :; done`,
      );
      const { files, skipped } = await computers.snapshot('a');
      expect(files).toBe(2);
      expect(skipped).toEqual([{ path: 'data/leased', why: 'unreadable' }]);
    },
  );
});
