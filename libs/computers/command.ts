export interface ExecOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** As root inside the computer, where the driver can (a local one cannot and ignores it); for the setup script. */
  root?: boolean;
  /** Milliseconds until the command and all that it started are ended: asked first, killed after half a second. */
  timeoutMs: number;
  /** Bytes of output kept; the rest is read and dropped, and `truncated` says so. */
  maxOutputBytes: number;
  signal?: AbortSignal;
  /** The output as it comes, at most `maxOutputBytes` of it. Must not throw. */
  onOutput?: (chunk: string) => void;
  stdin?: string | Uint8Array;
}

export interface ExecResult {
  /** stdout and stderr interleaved as they came; head and tail kept when truncated. */
  output: string;
  exitCode: number | null;
  /** How it ended. `cancelled` and `timed_out` mean that the process group was killed. */
  outcome: 'exited' | 'timed_out' | 'cancelled' | 'shell_died';
  truncated: boolean;
  tookMs: number;
  /** Of a shell's command only: what background jobs printed since the command before it, the end of it when long. */
  background?: string;
  /**
   * Of a shell's command only: the shell did not survive it, so directory, variables and background jobs are
   * lost and the next `shell()` opens a new one.
   */
  shellEnded?: true;
  /**
   * Of a shell's first command only: the shell before this one ended between two commands, and nobody was told that its
   * directory, variables and background jobs are lost.
   */
  shellReplaced?: true;
}

/**
 * A persistent bash: directory, variables, functions and background jobs survive between commands. Commands run
 * one at a time, in the order of the calls; their standard input is empty. What a background job prints between
 * two commands is no output of the second one, and comes beside it.
 */
export interface Shell {
  /** Fails with `computer_not_running` when the shell has ended, `command_refused` for a command with a NUL. */
  run(command: string, options: Omit<ExecOptions, 'cwd' | 'env' | 'root' | 'stdin'>): Promise<ExecResult>;
  /** Kills the shell and everything it started; the next `shell()` gives a new one. */
  close(): Promise<void>;
  readonly alive: boolean;
}
