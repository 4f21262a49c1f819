import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { ComputerProcesses } from './computer-processes.js';
import { bubblewrap } from './sandbox/bubblewrap.js';
import { bubblewrapProblem } from './sandbox/problem.js';
import type { Isolation } from './isolation.js';
import { LocalComputer } from './local-computer.js';
import { sessionFolder } from './session-folder.js';
import { unsafe } from './unsafe.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

const problem = await bubblewrapProblem();
describe('the processes of a local computer, unsafe', () => describeProcesses(unsafe));
if (problem === undefined) describe('the processes of a sandbox', () => describeProcesses(bubblewrap));
else process.stderr.write(`not run, because ${problem}: the processes of a sandbox\n`);

function describeProcesses(isolation: Isolation): void {
  let root: string;
  let computer: LocalComputer;
  const bash = async (command: string) => (await computer.shell()).run(command, LIMITS);
  const other = (): ComputerProcesses =>
    new ComputerProcesses(computer.folder.files, computer.recordFile, isolation);
  const ticks = async (): Promise<string> =>
    (await computer.exec(['cat', 'tick'], LIMITS).catch(() => ({ output: '' }))).output;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-processes-'));
    computer = new LocalComputer(sessionFolder(root, 'a'), isolation);
    await computer.create({ sessionId: 'a' });
    await computer.start(undefined);
  });

  afterEach(async () => {
    await computer.processes.resume();
    await computer.destroy();
    await rm(root, { recursive: true, force: true });
  });

  /** A process in a POSIX session of its own whose parent is gone. */
  async function startLooseTicker(): Promise<void> {
    await bash(`(setsid bash -c 'while :; do echo x >> tick; sleep 0.01; done' >/dev/null 2>&1 &)`);
    await eventually(async () => (await ticks()) !== '');
  }

  it('are held by a pause, also those that cut themselves loose, and go on after it', async () => {
    await startLooseTicker();
    await computer.processes.pause();
    const members = await computer.processes.members();
    expect(members.length).toBeGreaterThan(1);
    expect(new Set(members.map(({ state }) => state))).toEqual(new Set(['T']));
    await computer.processes.resume();
    const before = await ticks();
    await eventually(async () => (await ticks()).length > before.length);
  });

  it('a shell does not take a paused command for a suspended job', async () => {
    const running = bash('echo begin; sleep 0.2; echo end');
    await computer.processes.pause();
    await computer.processes.resume();
    expect(await running).toMatchObject({ output: 'begin\nend\n', exitCode: 0, outcome: 'exited' });
  });

  it('go on at the next start when a process of the service crashed during a pause', async () => {
    await startLooseTicker();
    await other().pause();
    await computer.start(undefined);
    const before = await ticks();
    await eventually(async () => (await ticks()).length > before.length);
  });

  it('are ended also while they are paused', async () => {
    await startLooseTicker();
    await computer.processes.pause();
    await computer.stop();
    expect(await computer.processes.stats()).toMatchObject({ processes: 0 });
  });
}
