/**
 * How commands are given to a long-lived interactive bash. Each one is sourced from a here-document, so that
 * syntax errors, `return`, `set -u` and interrupts end the command and not the shell. Its descriptors are set for
 * the time of the command only: input from /dev/null, output to the pipe. Descriptor 4, on which the shell reports
 * the exit code, is closed meanwhile: no output can be taken for the report.
 */
export const OUTPUT_FD = 3;
export const CONTROL_FD = 4;

/** Interactive, because only such a shell survives an interrupt; without any file of the user's own. */
export const SHELL_ARGV = ['/bin/bash', '--noprofile', '--norc', '--noediting', '-i'];

/**
 * A real-time signal that no program uses. It interrupts a running command and is without effect between two: it is
 * trapped for the time of the command only, and the trap looks whether the command has begun or is over already.
 */
export const INTERRUPT_SIGNAL = 39;
const ARM = `\\builtin trap '((\${#BASH_SOURCE[@]})) && \\builtin kill -INT $$' ${INTERRUPT_SIGNAL}`;
const DISARM = `\\builtin trap '' ${INTERRUPT_SIGNAL}`;

/**
 * A function named `builtin` would be called in the place of the command that the lines around a command rely on. In
 * POSIX mode, which an assignment turns on and no function can prevent, `unset` is always the shell's own.
 */
const TRUST_BUILTIN =
  '__raworc_posix=; [[ -o posix ]] || { __raworc_posix=1; POSIXLY_CORRECT=1; }; ' +
  '\\unset -f unset builtin 2>/dev/null; [[ ! $__raworc_posix ]] || \\unset POSIXLY_CORRECT';

/** The first lines a shell reads. Descriptors that leaked into the service are closed. */
export function greeting(nonce: string): string {
  return [
    'set +o history +H; unset HISTFILE; shopt -u checkwinsize; PS1= PS2=',
    `for __fd in /proc/self/fd/*; do __fd=\${__fd##*/}; case $__fd in [0-4]|255) ;; *) eval "exec $__fd>&-";; esac; done`,
    'unset __fd; __raworc_status() { return "$1"; }',
    report(nonce),
  ].join('\n');
}

/** `lastExitCode` becomes `$?` at the start of the command. */
export function instruction(command: string, nonce: string, lastExitCode: number): string {
  const end = `RAWORC_${nonce}`;
  return (
    `${ARM}; __raworc_status ${lastExitCode}; ` +
    `\\builtin source /dev/fd/8 </dev/null >&${OUTPUT_FD} 2>&${OUTPUT_FD} ${OUTPUT_FD}>&- ${CONTROL_FD}>&- 8<<'${end}'\n` +
    `${command}\n${end}\n${report(nonce)}`
  );
}

/** Makes the shell say that it is ready for the next command. */
export function report(nonce: string): string {
  return `__raworc_exit=$?; ${TRUST_BUILTIN}; ${DISARM}; \\builtin printf '%s %s\\n' ${nonce} "$__raworc_exit" >&${CONTROL_FD}\n`;
}

/** The exit code that a line from the control descriptor reports for `nonce`. */
export function reportedExitCode(line: string, nonce: string): number | undefined {
  const [reported, code] = line.split(' ');
  return reported === nonce && code !== undefined ? Number(code) : undefined;
}
