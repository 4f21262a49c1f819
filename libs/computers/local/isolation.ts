import { ComputerError } from '../computer.js';

/** How a session's processes are started: what they see of the machine and under which paths. */
export interface Isolation {
  readonly driver: string;
  /** True when the end of the first process ends all others, in whatever group they are. */
  readonly ownsProcesses: boolean;
  /** True when the session's processes have a user of their own, who owns the session's files. */
  readonly separatesUsers: boolean;
  /** What its processes can reach. */
  readonly networks: readonly ('egress' | 'none')[];
  /** The session's folder as its processes see it. */
  sessionDir(files: string): string;
  launch(request: LaunchRequest): Promise<Launch>;
  /** To be called when nothing is started below this folder for the time being. */
  leave?(root: string): Promise<void>;
}

export interface LaunchRequest {
  files: string;
  argv: string[];
  env: Record<string, string>;
  /** The session's own user; undefined: the service's. */
  user: number | undefined;
  /** The first descriptor that `argv` does not use; those from it on are the launch's. */
  spareFd: number;
  /** What the session's programs and files in memory may take up together, where that is limited. */
  memoryMb?: number;
  /** Where given, nothing of `argv` runs before this descriptor has come to its end. */
  holdFd?: number;
}

/** Arguments for `spawn`, so that `argv` runs in the session's folder. `env` is complete: nothing of ours is inherited. */
export interface Launch {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** What the child reads, each to its end, from the descriptors that begin with the spare one. */
  spareInputs: (string | Buffer)[];
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
