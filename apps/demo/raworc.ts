import { spawn, type StdioOptions } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** From dist/apps/demo to the command line's start file, which is not compiled. */
export const CLI = fileURLToPath(new URL('../../../apps/cli/bin/raworc.mjs', import.meta.url));

export interface RaworcOptions {
  env: NodeJS.ProcessEnv;
  /** Typed at its prompt; then its input ends. */
  lines?: string[];
  output?: 'inherit' | 'ignore';
  /** Ends it. */
  signal?: AbortSignal;
  /** Told of its pid, and of 0 when it has ended. */
  onRunning?: (pid: number) => void;
  /** Open in it until it ends. */
  held?: Writable;
}

/** Runs `raworc` with these arguments; resolves with its exit code. */
export function raworc(args: string[], options: RaworcOptions): Promise<number> {
  const { env, lines = [], output = 'inherit', signal, onRunning, held = 'ignore' } = options;
  return new Promise((resolve, reject) => {
    const stdio: StdioOptions = ['pipe', output, output, held];
    const child = spawn(process.execPath, [CLI, ...args], { env, signal, stdio });
    onRunning?.(child.pid ?? 0);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
    child.once('error', (error) => {
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('exit', (code) => {
      onRunning?.(0);
      resolve(code ?? 1);
    });
  });
}
