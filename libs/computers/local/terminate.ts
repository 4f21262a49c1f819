import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from './errno.js';
import { lookAtMachine, type MachineLook } from './machine-look.js';
import { isSandboxInit } from './sandbox/find-sandboxes.js';
import {
  type ProcessEntry,
  descendants,
  ignoresTermination,
  readProcess,
  readProcesses,
} from './process-table.js';

/** Milliseconds that a process has for its own clean-up before it is killed. */
export const GRACE_MS = 500;
const POLL_MS = 20;

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals | number): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, 'ESRCH', 'EPERM')) throw error;
  }
}

/**
 * Ends all processes that `find` names, also those that start meanwhile: first by asking them, after the grace
 * time by SIGKILL. Resolves when none is left, at the latest after twice the grace time.
 */
export async function terminate(find: () => ProcessEntry[] | Promise<ProcessEntry[]>): Promise<void> {
  const startedAt = performance.now();
  const asked = new Set<number>();
  for (;;) {
    const alive = await find();
    const elapsed = performance.now() - startedAt;
    if (alive.length === 0 || elapsed > 2 * GRACE_MS) return;
    for (const { pid } of alive) {
      if (elapsed >= GRACE_MS) signal(pid, 'SIGKILL');
      else if (!asked.has(pid)) askToEnd(pid);
      asked.add(pid);
    }
    await delay(POLL_MS);
  }
}

/** What takes no notice of SIGTERM, as interactive shells do, may still go when its terminal hangs up. */
function askToEnd(pid: number): void {
  signal(pid, ignoresTermination(pid) ? 'SIGHUP' : 'SIGTERM');
}

/** The processes of `roots`: all below them, and what left the tree but not a root's POSIX session. Never ourselves. */
export function membersOf(roots: number[], table = readProcesses()): ProcessEntry[] {
  const strays = table.filter((entry) => roots.includes(entry.session)).map((entry) => entry.pid);
  return descendants(table, [...roots, ...strays]).filter((entry) => entry.pid !== process.pid);
}

/**
 * Ends the processes of `roots`, which is asked again and again. In a sandbox the programs go first and get their
 * grace time; then its first process, inside, is killed, with which the kernel ends whatever is left there, and the
 * outermost one. That one alone would not do: a session may make the inner one forget its parent.
 */
export async function endProcesses(
  roots: (machine: MachineLook) => number[],
  sandboxed: boolean,
): Promise<void> {
  const look = async (): Promise<{ outer: number[]; members: ProcessEntry[] }> => {
    const machine = await lookAtMachine();
    const outer = roots(machine);
    return { outer, members: membersOf(outer, machine.table) };
  };
  if (sandboxed) {
    const isFrame = (entry: ProcessEntry, outer: number[]): boolean =>
      outer.includes(entry.pid) || (outer.includes(entry.parent) && isSandboxInit(entry.pid));
    await terminate(async () => {
      const { outer, members } = await look();
      return members.filter((entry) => !isFrame(entry, outer));
    });
    const { outer, members } = await look();
    for (const { pid } of members.filter((entry) => isFrame(entry, outer))) signal(pid, 'SIGKILL');
  }
  await terminate(async () => (await look()).members);
}

/** The same process as when it was noted, not another one that got its number. */
export function stillThere(pid: number, startTicks: number): ProcessEntry | undefined {
  const entry = readProcess(pid);
  return entry?.startTicks === startTicks && entry.state !== 'Z' ? entry : undefined;
}

/** False only when the number belongs to another process by now: what is gone may have left others behind. */
export function isOurs(pid: number, startTicks: number): boolean {
  const entry = readProcess(pid);
  return entry === undefined || entry.startTicks === startTicks;
}
