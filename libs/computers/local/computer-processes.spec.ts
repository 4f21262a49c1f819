import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { findTrees, readHierarchies } from './cgroups/find-trees.js';
import type { Hierarchy } from './cgroups/hierarchies.js';
import { SessionCgroup, type Trees } from './cgroups/session-cgroup.js';
import { ComputerProcesses } from './computer-processes.js';
import { bubblewrap } from './sandbox/bubblewrap.js';
import { bubblewrapProblem } from './sandbox/problem.js';
import { DiscardedFolders } from './discarded-folders.js';
import type { Isolation } from './isolation.js';
import { LocalComputer } from './local-computer.js';
import type { ProcessEntry } from './process-table.js';
import { sessionFolder } from './session-folder.js';
import { unsafe } from './unsafe.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

const problem = await bubblewrapProblem();
const grouped = findTrees('the home of this spec').freezer !== undefined;
describe('the processes of a local computer, unsafe', () => describeProcesses(unsafe, false));
if (grouped) describe('the processes of a computer in control groups', () => describeProcesses(unsafe, true));
else process.stderr.write('not run, because no control groups can be had: processes in control groups\n');
const first = readHierarchies().filter(({ version }) => version === 1);
if (findTrees('the home of this spec', first).freezer !== undefined)
  describe('the processes of a computer in the freezer', () => describeProcesses(unsafe, true, first));
if (problem === undefined) {
  describe('the processes of a sandbox', () => describeProcesses(bubblewrap, false));
  if (grouped)
    describe('the processes of a sandbox in control groups', () => describeProcesses(bubblewrap, true));
} else process.stderr.write(`not run, because ${problem}: the processes of a sandbox\n`);

function describeProcesses(isolation: Isolation, inGroups: boolean, hierarchies?: Hierarchy[]): void {
  let root: string;
  let computer: LocalComputer;
  let trees: Trees;
  let discarded: DiscardedFolders;
  const bash = async (command: string) => (await computer.shell()).run(command, LIMITS);
  const other = (): ComputerProcesses =>
    new ComputerProcesses(
      computer.folder.files,
      computer.recordFile,
      isolation,
      new SessionCgroup(trees, 'a'),
    );
  /** How often the ticker has ticked. */
  const ticks = async (): Promise<number> =>
    (await stat(join(computer.folder.files, 'tick')).catch(() => ({ size: 0 }))).size;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-processes-'));
    trees = inGroups ? findTrees(root, hierarchies) : {};
    discarded = new DiscardedFolders(root);
    computer = new LocalComputer(sessionFolder(root, 'a'), isolation, undefined, {
      cgroups: trees,
      discarded,
    });
    await computer.create({ sessionId: 'a' });
    await computer.start(undefined);
  });

  afterEach(async () => {
    computer.processes.resume();
    await computer.destroy();
    await discarded.end();
    await rm(root, { recursive: true, force: true });
  });

  /** A process in a POSIX session of its own whose parent is gone. */
  async function startLooseTicker(): Promise<void> {
    await bash(`(setsid bash -c 'while :; do echo x >> tick; sleep 0.01; done' >/dev/null 2>&1 &)`);
    await eventually(async () => (await ticks()) > 0);
  }

  it('are held by a pause, also those that cut themselves loose, and go on after it', async () => {
    await startLooseTicker();
    await computer.processes.pause();
    const members = await computer.processes.members();
    expect(members.length).toBeGreaterThan(1);
    if (inGroups)
      expect(new SessionCgroup(trees, 'a').pids()).toEqual(expect.arrayContaining(pidsOf(members)));
    else expect(new Set(members.map(({ state }) => state))).toEqual(new Set(['T']));
    const held = await ticks();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ticks()).toBe(held);
    computer.processes.resume();
    const before = await ticks();
    await eventually(async () => (await ticks()) > before);
  });

  it('a shell does not take a paused command for a suspended job', async () => {
    const running = bash('echo begin; sleep 0.2; echo end');
    await computer.processes.pause();
    computer.processes.resume();
    expect(await running).toMatchObject({ output: 'begin\nend\n', exitCode: 0, outcome: 'exited' });
  });

  it('go on at the next start when a process of the service crashed during a pause', async () => {
    await startLooseTicker();
    await other().pause();
    await computer.start(undefined);
    const before = await ticks();
    await eventually(async () => (await ticks()) > before);
  });

  it('are ended also while they are paused', async () => {
    await startLooseTicker();
    await computer.processes.pause();
    await computer.stop();
    expect(await computer.processes.stats()).toMatchObject({ processes: 0 });
  });
}

function pidsOf(entries: ProcessEntry[]): number[] {
  return entries.map(({ pid }) => pid);
}
