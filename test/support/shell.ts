import { spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const CLI = join(root, 'apps/cli/bin/raworc.mjs');

export interface ShellResult {
  stdout: string;
  stderr: string;
  exitCode: number | null;
}

export interface UserShell {
  home: string;
  env: NodeJS.ProcessEnv;
  /** Runs a line as a user would type it into bash; ids stand in for the page's placeholders. */
  run(line: string, options?: { stdin?: string; timeoutMs?: number }): Promise<ShellResult>;
  /** Runs a line that must succeed and print JSON. */
  json<T>(line: string): Promise<T>;
  /** Stops the service and removes everything. */
  dispose(): Promise<void>;
}

/** A bash with `raworc` on its PATH and a home of its own; the service starts by itself when it is needed. */
export async function openShell(settings: Record<string, string> = {}): Promise<UserShell> {
  const folder = await mkdtemp(join(tmpdir(), 'raworc-test-'));
  const home = join(folder, 'home');
  await symlink(CLI, join(folder, 'raworc'));
  const {
    ANTHROPIC_API_KEY: _key,
    ANTHROPIC_BASE_URL: _url,
    NODE_OPTIONS: _options,
    ...inherited
  } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...inherited,
    PATH: `${folder}:${process.env['PATH']}`,
    RAWORC_HOME: home,
    RAWORC_PORT: '0',
    RAWORC_COMPUTERS: 'local-unsafe',
    ...settings,
  };

  const run: UserShell['run'] = (line, options = {}) => runBash(line, env, options);
  return {
    home,
    env,
    run,
    async json<T>(line: string): Promise<T> {
      const { stdout, stderr, exitCode } = await run(line);
      if (exitCode !== 0) throw new Error(`${line}\nexit code ${exitCode}\n${stderr}`);
      return JSON.parse(stdout) as T;
    },
    async dispose() {
      await run('raworc stop');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function runBash(
  line: string,
  env: NodeJS.ProcessEnv,
  { stdin = '', timeoutMs = 60_000 }: { stdin?: string; timeoutMs?: number },
): Promise<ShellResult> {
  return new Promise((done, fail) => {
    const child = spawn('bash', ['-c', line], { env, stdio: 'pipe', timeout: timeoutMs });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    child.once('error', fail);
    child.once('close', (exitCode) => done({ ...output, exitCode }));
  });
}
