import { writeFile } from 'node:fs/promises';
import { hasCode } from '../errno.js';
import { descendants, readChildren, readProcesses } from '../process-table.js';

/**
 * Makes a process that is held, and what it has started to get ready, members of control groups, so that nothing of
 * what it is held for is ever outside. `groups` are their files of processes. That we write its number, and not a
 * program of its own, spares it the wait: the kernel takes some milliseconds for the first one, in which it gets ready.
 */
export async function joinGroups(groups: readonly string[], pid: number): Promise<void> {
  const members = new Set<number>();
  for (let others = [pid]; others.length > 0; others = below(pid).filter((other) => !members.has(other))) {
    for (const other of others) {
      for (const group of groups) await join(group, other);
      members.add(other);
    }
  }
}

async function join(group: string, pid: number): Promise<void> {
  await writeFile(group, String(pid)).catch((error: unknown) => {
    // It has ended already, and tells why itself.
    if (!hasCode(error, 'ESRCH')) throw error;
  });
}

function below(pid: number): number[] {
  const children = readChildren(pid);
  if (children === undefined) return descendants(readProcesses(), [pid]).map((entry) => entry.pid);
  return children.flatMap((child) => [child, ...below(child)]);
}
