import { ComputerError } from '../computer.js';

/** How a session's processes are started: what they see of the machine and under which paths. */
export interface Isolation {
  readonly driver: string;
  /** True when the end of the first process ends all others, in whatever group they are. */
  readonly ownsProcesses: boolean;
  /** The session's folder as its processes see it. */
  sessionDir(files: string): string;
  /** What to spawn so that `argv` runs in the session's folder. `spareFd` is a descriptor that `argv` does not use. */
  launch(files: string, argv: string[], env: Record<string, string>, spareFd: number): Launch;
}

/** Arguments for `spawn`. `env` is complete: nothing of ours is inherited. */
export interface Launch {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** What the child reads from the spare descriptor, to its end. */
  spareInput?: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Throws `command_refused` for what no process can have in its environment. The message never tells a value. */
export function checkedEnvironment(env: Record<string, string> = {}): Record<string, string> {
  const bad = Object.entries(env).find(([name, value]) => !NAME.test(name) || value.includes('\0'));
  if (!bad) return { ...env };
  throw new ComputerError(
    'command_refused',
    `The environment variable ${JSON.stringify(bad[0])} cannot be set: names are letters, digits and "_", values are without NUL.`,
  );
}

/** The environment of a session's processes; the caller's values win over ours, except SESSION_DIR. */
export function sessionEnvironment(
  sessionDir: string,
  path: string,
  user: string,
  env: Record<string, string>,
): Record<string, string> {
  return {
    PATH: path,
    HOME: sessionDir,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    USER: user,
    ...env,
    SESSION_DIR: sessionDir,
  };
}
