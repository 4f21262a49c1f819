import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '../computer.js';
import { bubblewrapProblem, createLocalComputers } from './index.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

/** Runs a command with its output to each descriptor that the shell has put away while a command runs. */
const toEach = (command: string): string =>
  `for f in /proc/$$/fd/*; do f=\${f##*/}; ((f > 9 && f < 255)) && { ${command}; } >&$f & done 2>/dev/null; wait`;

const problem = await bubblewrapProblem();
if (problem !== undefined) process.stderr.write(`not run in a sandbox, because ${problem}\n`);
const modes = problem === undefined ? (['bubblewrap', 'unsafe'] as const) : (['unsafe'] as const);

describe.each(modes)('the channels on which a shell reports, %s', (mode) => {
  let root: string;
  let computers: Computers;
  const run = async (command: string) => (await computers.shell('a')).run(command, LIMITS);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-channels-'));
    computers = createLocalComputers({ root, mode });
    await computers.create({ sessionId: 'a' });
    await computers.start('a');
  });

  afterEach(async () => {
    await computers.destroy('a');
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  it('do not take more from a command than a shell has to say: the shell ends', async () => {
    for (const flood of ['head -c 4M /dev/zero', 'yes | head -c 4M']) {
      expect(await run(toEach(flood))).toMatchObject({ outcome: 'shell_died', shellEnded: true });
      expect(await run('echo next')).toMatchObject({ output: 'next\n', exitCode: 0 });
    }
  });

  it('bear a little of what is no report', async () => {
    expect(await run(toEach('echo no report; echo a 0'))).toMatchObject({ outcome: 'exited' });
    expect(await run('echo next; (exit 3)')).toMatchObject({ output: 'next\n', exitCode: 3 });
  });
});
