import { CONTROL_FD, OUTPUT_FD, SHELL_ARGV } from '../../local/shell-protocol.js';
import type { ProcessesRequest } from '../inside/processes.js';
import { TOUCH_IF_ROOT } from '../container/keeper.js';

/** Linux counts process times in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/**
 * Starts the shell with output and reports on the same stream, so that they keep their order, and what it says as an
 * interactive shell on none. The outer bash stays to tell how the inner one ended.
 */
export const SHELL_WRAPPER =
  `exec ${OUTPUT_FD}>&1 ${CONTROL_FD}>&1 >/dev/null 2>&1; ${TOUCH_IF_ROOT}; ${SHELL_ARGV.join(' ')}; ` +
  `printf '%sdied %s\\n' "$1" "$?" >&${CONTROL_FD}`;

/** Defines what a shell says when it begins a command: its pid, the time, its children. Without starting a process. */
export const BEGIN_FUNCTION =
  [
    '__raworc_begin() { local IFS=" " up= kids= rest=',
    '{ \\builtin read -r up rest </proc/uptime; \\builtin read -r kids </proc/$$/task/$$/children; } 2>/dev/null || :',
    `\\builtin printf '%s-begin %s %s %s\\n' "$1" "$$" "$up" "$kids" >&${CONTROL_FD}`,
  ].join('\n') + '\n}\n';

export function beginning(nonce: string): string {
  return `__raworc_begin ${nonce}\n`;
}

/** What a beginning tells about the processes of the command that follows it. */
export function parseBeginning(
  line: string,
  nonce: string,
  signal: number,
): ProcessesRequest['command'] | undefined {
  const [said, bash, uptime, ...jobs] = line.split(' ').filter((part) => part !== '');
  if (said !== `${nonce}-begin`) return undefined;
  return {
    bash: Number(bash),
    jobs: jobs.map(Number),
    start: Math.floor(Number(uptime) * TICKS_PER_SECOND) - 1,
    signal,
  };
}
