const SCRIPT =
  'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 125; shift; n=$((n - 1)); done; exec "$@"';

/**
 * A command line that becomes a member of control groups before it becomes `command`, so that nothing which the
 * command starts is ever outside. `groups` are their files of processes.
 */
export function joinGroups(groups: readonly string[], command: string[]): string[] {
  if (groups.length === 0) return command;
  return ['/bin/sh', '-c', SCRIPT, 'sh', String(groups.length), ...groups, ...command];
}
