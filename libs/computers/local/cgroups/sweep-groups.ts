import { SessionCgroup, type Trees } from './session-cgroup.js';

/**
 * Removes the groups that a crashed process of this home has left. What still runs in the group of a session that is
 * gone is ended; that of another session belongs to its computer, whose start, stop or removal looks after it.
 */
export async function sweepGroups(
  trees: Trees,
  { isKnown, isInUse }: Record<'isKnown' | 'isInUse', (name: string) => boolean>,
): Promise<string[]> {
  const swept: string[] = [];
  for (const name of SessionCgroup.names(trees)) {
    const group = new SessionCgroup(trees, name);
    if (isInUse(name) || (isKnown(name) && group.pids().length > 0)) continue;
    await group.kill();
    await group.remove();
    swept.push(name);
  }
  return swept;
}
