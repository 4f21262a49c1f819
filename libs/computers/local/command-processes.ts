import {
  type ProcessEntry,
  TICKS_PER_SECOND,
  descendants,
  readChildren,
  readProcesses,
  ticksSinceBoot,
} from './process-table.js';
import { membersOf } from './terminate.js';

/** What tells a shell's running command from the background jobs that were there before it. */
export interface CommandStart {
  /** Of `performance.now()`. */
  startedAt: number;
  /** Pids of the shell's children at that time, when the kernel tells them. */
  jobs: readonly number[] | undefined;
}

export function commandStart(bashPid: number): CommandStart {
  return { startedAt: performance.now(), jobs: readChildren(bashPid) };
}

/**
 * The processes that a command started: the shell's new children with all below them, and what cut itself loose
 * from the tree since. `leader` is the shell's outermost process.
 */
export function commandProcesses(leader: number, bashPid: number, start: CommandStart): ProcessEntry[] {
  const table = readProcesses();
  const startTicks = ticksAt(start.startedAt);
  const isNew = (entry: ProcessEntry): boolean =>
    start.jobs ? !start.jobs.includes(entry.pid) : entry.startTicks >= startTicks;
  const children = table.filter((entry) => entry.parent === bashPid && isNew(entry));
  const frame = ancestors(table, bashPid, leader);
  const inTree = new Set(descendants(table, [bashPid]).map((entry) => entry.pid));
  const loose = membersOf([leader]).filter(
    (entry) => !inTree.has(entry.pid) && !frame.has(entry.pid) && entry.startTicks >= startTicks,
  );
  return descendants(
    table,
    [...children, ...loose].map((entry) => entry.pid),
  );
}

/** From the shell up to its outermost process: in a sandbox there are two above it. */
function ancestors(table: ProcessEntry[], bashPid: number, leader: number): Set<number> {
  const parents = new Map(table.map((entry) => [entry.pid, entry.parent]));
  const found = new Set<number>([leader]);
  for (let pid: number | undefined = bashPid; pid !== undefined && !found.has(pid); pid = parents.get(pid))
    found.add(pid);
  return found;
}

function ticksAt(time: number): number {
  return ticksSinceBoot() - Math.floor(((performance.now() - time) / 1000) * TICKS_PER_SECOND);
}
