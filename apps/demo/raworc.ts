import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** From dist/apps/demo to the command line's start file, which is not compiled. */
export const CLI = fileURLToPath(new URL('../../../apps/cli/bin/raworc.mjs', import.meta.url));

interface Options {
  env: NodeJS.ProcessEnv;
  /** Typed at its prompt; then its input ends. */
  lines?: string[];
  output?: 'inherit' | 'ignore';
  /** Ends it. */
  signal?: AbortSignal;
}

/** Runs `raworc` with these arguments; resolves with its exit code. */
export function raworc(args: string[], options: Options): Promise<number> {
  const { env, lines = [], output = 'inherit', signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { env, signal, stdio: ['pipe', output, output] });
    child.stdin.on('error', () => undefined);
    child.stdin.end(lines.map((line) => `${line}\n`).join(''));
    child.once('error', (error) => {
      if (error.name !== 'AbortError') reject(error);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
