import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Computers, type ExecResult, LIMIT_NAMES } from '../../computer.js';
import { bubblewrapProblem, createLocalComputers } from '../index.js';
import { findTrees, limitsOf } from './find-trees.js';
import type { Tree } from './session-cgroup.js';
import { inNamespaceOf, processNamed, read } from '../testing/sandbox.js';

const problem = await bubblewrapProblem();
const modes = problem === undefined ? (['bubblewrap', 'unsafe'] as const) : (['unsafe'] as const);
const limits = limitsOf(findTrees('the home of this spec'));

if (limits.length === LIMIT_NAMES.length)
  describe.each(modes)('the limits of a local computer, %s', describeLimits);
else it.skip('the limits of a local computer, for this user gets no control groups', () => undefined);

function describeLimits(mode: 'bubblewrap' | 'unsafe'): void {
  let root: string;
  let computers: Computers;
  const bash = async (command: string): Promise<ExecResult> =>
    computers.exec('a', ['bash', '-c', command], { timeoutMs: 20_000, maxOutputBytes: 10_000 });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-limits-'));
    computers = createLocalComputers({ root, mode, limits: { memoryMb: 4096, cpus: 2, pids: 400 } });
    await computers.create({ sessionId: 'a', limits: { memoryMb: 64, cpus: 0.5, pids: 16 } });
    await computers.start('a');
  });

  afterEach(async () => {
    await computers.destroy('a');
    await rm(root, { recursive: true, force: true });
  });

  it('ends what takes more memory', async () => {
    const { exitCode } = await bash(`perl -e '$x = "x" x (200 * 1024 * 1024); print length $x'`);
    expect(exitCode).toBe(137);
  });

  it('lets no more processes start', async () => {
    const { output } = await bash('for i in $(seq 40); do sleep 5 & done; wait');
    expect(output).toContain('fork: retry: Resource temporarily unavailable');
  });

  it('holds from the first program of a command on, in every tree', async () => {
    const mark = `7${process.pid}.${Date.now()}`;
    const ending = new AbortController();
    const running = computers.exec('a', ['sleep', mark], {
      timeoutMs: 20_000,
      maxOutputBytes: 100,
      signal: ending.signal,
    });
    const sleeper = await processNamed(`sleep\0${mark}\0`);
    const bases = new Set((Object.values(findTrees(root)) as Tree[]).map(({ base }) => base));
    for (const pid of mode === 'unsafe' ? [sleeper] : inNamespaceOf(sleeper)) {
      const groups = read(`/proc/${pid}/cgroup`).split('\n');
      const ours = groups.filter((line) => [...bases].some((base) => line.endsWith(`/${basename(base)}/a`)));
      expect(ours).toHaveLength(bases.size);
    }
    ending.abort();
    expect(await running).toMatchObject({ outcome: 'cancelled' });
  });

  it('slows down what takes more of the processors', async () => {
    await computers.create({ sessionId: 'slow', limits: { cpus: 0.05 } });
    await computers.start('slow');
    const argv = ['bash', '-c', 'while ((SECONDS < 2)); do :; done'];
    await computers.exec('slow', argv, { timeoutMs: 20_000, maxOutputBytes: 100 });
    const throttled = readFileSync(join(findTrees(root).cpus?.base ?? '', 'slow', 'cpu.stat'), 'utf8');
    await computers.destroy('slow');
    expect(throttled).toMatch(/^nr_throttled [1-9]/m);
  });

  it('leaves no group behind', async () => {
    await bash('true');
    const bases = (Object.values(findTrees(root)) as Tree[]).map(({ base }) => base);
    expect(bases.every((base) => existsSync(join(base, 'a')))).toBe(true);
    await computers.dispose();
    expect(bases.some((base) => existsSync(base))).toBe(false);
  });
}
