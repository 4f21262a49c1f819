import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn as spawnPty, type IPty } from '@lydell/node-pty';

export const CLI = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'raworc.mjs');
const DEADLINE_MS = 60_000;

export interface CliOptions {
  env?: Record<string, string>;
  /** What the command gets on stdin; without it stdin is empty. */
  stdin?: string;
  /** The program, when not the one of this checkout. */
  cli?: string;
  cwd?: string;
  /** On a terminal: a program to run there instead of the command line. */
  program?: string;
  columns?: number;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder for RAWORC_HOME that is not the user's own. */
export function temporaryHome(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'raworc-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a command to its end with pipes. */
export async function runCli(
  args: string[],
  { stdin = '', ...options }: CliOptions = {},
): Promise<CliResult> {
  const running = startCli(args, options);
  running.child.stdin.end(stdin);
  return running.ended;
}

export interface RunningCli {
  child: ChildProcessWithoutNullStreams;
  ended: Promise<CliResult>;
  /** Resolves when stdout and stderr together hold the text. */
  shows(text: string | RegExp): Promise<void>;
}

export function startCli(args: string[], { env, cli = CLI, cwd }: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, [cli, ...args], { env: cleanEnv(env), cwd });
  const result: CliResult = { code: null, stdout: '', stderr: '' };
  const watched = new Watched(() => result.stdout + result.stderr);
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      result[name] += text;
      watched.look();
    });
  }
  child.stdin.on('error', () => undefined);
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ ...result, code }));
  });
  return { child, ended, shows: async (text) => void (await watched.shows(text)) };
}

/** A command on a terminal of its own. */
export class Terminal {
  readonly #pty: IPty;
  readonly #watched: Watched;
  readonly ended: Promise<number>;
  #raw = '';
  #from = 0;

  constructor(args: string[], { env, cli = CLI, program, columns = 100 }: CliOptions = {}) {
    this.#watched = new Watched(() => this.text.slice(this.#from));
    const options = {
      name: 'xterm-256color',
      cols: columns,
      rows: 40,
      env: { ...cleanEnv(env), NO_COLOR: '1' },
    };
    this.#pty =
      program === undefined
        ? spawnPty(process.execPath, [cli, ...args], options)
        : spawnPty(program, args, options);
    this.#pty.onData((data) => {
      this.#raw += data;
      this.#watched.look();
    });
    this.ended = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  /** All that was ever written, without escape sequences. */
  get text(): string {
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, 'g');
    return this.#raw.replaceAll(escapes, '').replaceAll('\r\n', '\n');
  }

  /** The same with them. */
  get raw(): string {
    return this.#raw;
  }

  resize(columns: number): void {
    this.#pty.resize(columns, 40);
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Resolves when this comes after what was waited for before. */
  async shows(text: string | RegExp): Promise<void> {
    this.#from += await this.#watched.shows(text);
  }

  kill(): void {
    this.#pty.kill('SIGKILL');
  }
}

/** Waits until a growing text holds something. */
class Watched {
  #look: () => void = () => undefined;

  constructor(private readonly current: () => string) {}

  look(): void {
    this.#look();
  }

  /** Resolves to where in the text it ends. */
  shows(wanted: string | RegExp): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Waited for ${String(wanted)}, but got:\n${this.current()}`)),
        DEADLINE_MS,
      );
      this.#look = () => {
        const end = endOf(this.current(), wanted);
        if (end === undefined) return;
        clearTimeout(timer);
        this.#look = () => undefined;
        resolve(end);
      };
      this.#look();
    });
  }
}

function endOf(text: string, wanted: string | RegExp): number | undefined {
  if (typeof wanted === 'string') {
    const at = text.indexOf(wanted);
    return at < 0 ? undefined : at + wanted.length;
  }
  const match = wanted.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** What is set for the specs' own process must not reach the command. */
function cleanEnv(env: Record<string, string> = {}): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env };
}
