import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalComputers } from '../index.js';
import { findTrees } from './find-trees.js';
import { SessionCgroup, type Tree, type Trees } from './session-cgroup.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 1_000 };

if (Object.keys(findTrees('the home of this spec')).length > 0) describe('control groups', describeGroups);
else it.skip('control groups, for this user gets none', () => undefined);

function describeGroups(): void {
  let root: string;
  let other: string;
  let trees: Trees;
  const foldersOf = (of: Trees, name: string): string[] =>
    (Object.values(of) as Tree[]).map(({ base }) => join(base, name));
  const isThere = (name: string, of = trees): boolean => foldersOf(of, name).some((path) => existsSync(path));

  /** Makes the groups of a session, with a program in them that outlives whoever started it. */
  function leaveProgram(of: Trees, name: string): ReturnType<typeof spawn> {
    const files = new SessionCgroup(of, name).open({});
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    for (const file of files) writeFileSync(file, String(child.pid));
    return child;
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-sweep-'));
    other = await mkdtemp(join(tmpdir(), 'raworc-sweep-'));
    trees = findTrees(root);
  });

  afterEach(async () => {
    for (const [home, names] of [
      [root, ['kept', 'empty', 'gone']],
      [other, ['theirs']],
    ] as const)
      for (const name of names) {
        const group = new SessionCgroup(findTrees(home), name);
        await group.kill();
        await group.remove();
      }
    for (const home of [root, other]) await rm(home, { recursive: true, force: true });
  });

  it('of a crashed service are removed at the next start: those of this home, and of no session that runs', async () => {
    mkdirSync(join(root, 'kept'));
    mkdirSync(join(root, 'empty'));
    new SessionCgroup(trees, 'empty').open({});
    const gone = leaveProgram(trees, 'gone');
    const kept = leaveProgram(trees, 'kept');
    const theirs = findTrees(other);
    const foreign = leaveProgram(theirs, 'theirs');
    const ended = once(gone, 'exit');
    const computers = createLocalComputers({ root, mode: 'unsafe' });
    computers.watch(() => undefined, new AbortController().signal);
    expect((await ended)[1]).toBe('SIGKILL');
    await computers.dispose();
    expect(['kept', 'empty', 'gone'].map((name) => isThere(name))).toEqual([true, false, false]);
    expect(isThere('theirs', theirs)).toBe(true);
    expect([kept.exitCode, kept.signalCode, foreign.exitCode, foreign.signalCode]).toEqual(
      Array(4).fill(null),
    );
  });

  it('that another process of the service removed are made again for the next command', async () => {
    const computers = createLocalComputers({ root, mode: 'unsafe' });
    await computers.create({ sessionId: 'empty' });
    await computers.start('empty');
    await computers.exec('empty', ['true'], LIMITS);
    await new SessionCgroup(trees, 'empty').remove();
    expect(await computers.exec('empty', ['true'], LIMITS)).toMatchObject({ exitCode: 0 });
    await computers.destroy('empty');
    expect(isThere('empty')).toBe(false);
  });

  it('of all sessions together get less of the processors than the service', () => {
    new SessionCgroup(trees, 'empty').open({});
    const { cpus } = trees;
    if (!cpus) return;
    const file = join(cpus.base, cpus.version === 2 ? 'cpu.weight' : 'cpu.shares');
    expect(readFileSync(file, 'utf8')).toBe(cpus.version === 2 ? '50\n' : '512\n');
  });
}
