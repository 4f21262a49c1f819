/** How a session's processes are started: what they see of the machine and under which paths. */
export interface Isolation {
  readonly driver: string;
  /** True when the end of the first process ends all others, in whatever group they are. */
  readonly ownsProcesses: boolean;
  /** The session's folder as its processes see it. */
  sessionDir(files: string): string;
  /** What to spawn so that `argv` runs in the session's folder. */
  launch(files: string, argv: string[], env: Record<string, string>): Launch;
}

/** Arguments for `spawn`. `env` is complete: nothing of ours is inherited. */
export interface Launch {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
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
