import { execFile } from 'node:child_process';
import { promisify, types } from 'node:util';

/** One way to get nats-server from elsewhere. */
export interface Fetcher {
  /** What is tried, for messages: "the official release 2.12.7". */
  name: string;
  /**
   * Resolves to the program's path, in the empty folder that it may fill. Rejects with the reason when this way is
   * closed here.
   */
  fetch(folder: string): Promise<string>;
}

/** Runs a program without a shell; rejects with the last line it said. */
export async function runTool(
  program: string,
  args: string[],
  options: { cwd?: string; timeoutMs: number; env?: NodeJS.ProcessEnv },
): Promise<void> {
  const { cwd, timeoutMs, env } = options;
  try {
    await promisify(execFile)(program, args, { cwd, timeout: timeoutMs, env, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    throw new Error(`${program} failed: ${explain(error, timeoutMs)}`, { cause: error });
  }
}

function explain(error: unknown, timeoutMs: number): string {
  if (!types.isNativeError(error)) return String(error);
  if ('killed' in error && error.killed === true) return `not done within ${timeoutMs / 1000} s`;
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : '';
  return said.split('\n').at(-1) || error.message;
}
