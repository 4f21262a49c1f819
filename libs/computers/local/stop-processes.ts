import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError } from '../computer.js';
import { type ProcessEntry, readProcess } from './process-table.js';
import { signal } from './terminate.js';

/** Longer than any program takes to stop; only one that hangs in the kernel does. */
const DEADLINE_MS = 2_000;
const POLL_MS = 1;

/**
 * Stops (SIGSTOP) these processes and all that `find` names, also those that start meanwhile, and returns the ones
 * that ran until then, parents first. A parent stops before its children: a shell that still ran would report a stopped child
 * as a suspended job and go on without it.
 */
export async function stopProcesses(
  first: ProcessEntry[],
  find: () => ProcessEntry[],
): Promise<ProcessEntry[]> {
  const stopped: ProcessEntry[] = [];
  const deadline = performance.now() + DEADLINE_MS;
  try {
    for (let running = runningIn(first); running.length > 0; running = runningIn(find())) {
      for (const entry of running) {
        stopped.push(entry);
        signal(entry.pid, 'SIGSTOP');
        await untilStopped(entry, deadline);
      }
    }
    return stopped;
  } catch (error) {
    continueProcesses(stopped);
    throw error;
  }
}

/** Lets stopped processes go on, children first for the same reason. */
export function continueProcesses(stopped: readonly ProcessEntry[]): void {
  for (const { pid, startTicks } of stopped.toReversed())
    if (readProcess(pid)?.startTicks === startTicks) signal(pid, 'SIGCONT');
}

function runningIn(processes: ProcessEntry[]): ProcessEntry[] {
  return parentsFirst(processes).filter((entry) => !isStopped(entry));
}

async function untilStopped({ pid, startTicks }: ProcessEntry, deadline: number): Promise<void> {
  for (;;) {
    const entry = readProcess(pid);
    if (entry?.startTicks !== startTicks || isStopped(entry)) return;
    if (performance.now() > deadline) {
      throw new ComputerError(
        'file_not_readable',
        `The programs of a computer could not be stopped within ${DEADLINE_MS / 1000} seconds (process ${pid}, state ${entry.state}).`,
      );
    }
    await delay(POLL_MS);
  }
}

function isStopped({ state }: ProcessEntry): boolean {
  return ['T', 't', 'Z', 'X'].includes(state);
}

function parentsFirst(processes: ProcessEntry[]): ProcessEntry[] {
  const byPid = new Map(processes.map((entry) => [entry.pid, entry]));
  const depth = (entry: ProcessEntry): number => {
    let steps = 0;
    for (
      let parent = byPid.get(entry.parent);
      parent && steps < byPid.size;
      parent = byPid.get(parent.parent)
    )
      steps++;
    return steps;
  };
  return processes
    .map((entry) => ({ entry, depth: depth(entry) }))
    .sort((a, b) => a.depth - b.depth)
    .map(({ entry }) => entry);
}
