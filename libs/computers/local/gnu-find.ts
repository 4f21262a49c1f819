import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { ComputerError } from '../computer.js';
import type { ScannedEntry } from './scanned-entry.js';

const FORMAT = '%y %m %U %G %s %T@ %C@ %i|%n\\0%P\\0%l\\0';

/** A find that runs, but has not begun: a shell says that it is there, and waits for a line first. */
export class WaitingFind {
  readonly ready: Promise<unknown>;
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly closed: Promise<unknown[]>;
  private onChunk: (chunk: Buffer) => void = () => undefined;

  /** With a time it names only what changed later, the top of the tree included, whose path is empty. */
  constructor(
    files: string,
    readonly sinceNs?: bigint,
  ) {
    const which = sinceNs === undefined ? ['-mindepth', '1'] : ['-newerct', `@${secondsOf(sinceNs)}`];
    const find = ['find', '.', '-xdev', ...which, '-printf', FORMAT];
    this.process = spawn('sh', ['-c', 'echo && read -r _ && exec "$@"', 'sh', ...find], {
      cwd: files,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.process.stdin.on('error', () => undefined);
    this.closed = once(this.process, 'close').catch(() => []);
    // A line feed, and nothing more before the scan has begun.
    this.ready = Promise.race([once(this.process.stdout, 'data'), this.closed]);
    this.process.stdout.on('data', (chunk: Buffer) => this.onChunk(chunk));
  }

  /** Gives each entry to `onEntry` until that says to stop. */
  async run(onEntry: (entry: ScannedEntry) => boolean, signal: AbortSignal): Promise<void> {
    const end = (): void => this.end();
    signal.addEventListener('abort', end, { once: true });
    let stopped = false;
    const stop = (entry: ScannedEntry): boolean => (stopped ||= !onEntry(entry));
    let rest = '';
    try {
      await this.ready;
      this.onChunk = (chunk) => {
        if (!stopped) rest = readRecords(rest + chunk.toString('latin1'), stop);
        if (stopped) end();
      };
      this.process.stdin.end('\n');
      const [code] = await this.closed;
      signal.throwIfAborted();
      // That it could not look into a folder is no failure.
      if (code === 0 || code === 1 || stopped) return;
    } finally {
      signal.removeEventListener('abort', end);
    }
    const message = 'The program "find" was ended before it had seen all files. Try again.';
    throw new ComputerError('file_not_readable', message);
  }

  end(): void {
    this.process.kill('SIGKILL');
  }
}

/** Gives back what is left behind the last whole record. */
function readRecords(text: string, stop: (entry: ScannedEntry) => boolean): string {
  let at = 0;
  for (;;) {
    const path = text.indexOf('\0', at) + 1;
    const target = path && text.indexOf('\0', path) + 1;
    const end = target && text.indexOf('\0', target);
    if (!target || end < 0) return text.slice(at);
    const bar = text.indexOf('|', at);
    const entry = {
      path: text.slice(path, target - 1),
      stamp: text.slice(at, bar),
      links: path - bar === 3 && text[bar + 1] === '1' ? 1 : Number(text.slice(bar + 1, path - 1)),
      target: text.slice(target, end),
    };
    at = end + 1;
    if (stop(entry)) return '';
  }
}

function secondsOf(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

/** By `PATH`. */
const found = new Map<string | undefined, Promise<boolean>>();

export function hasGnuFind(): Promise<boolean> {
  const path = process.env['PATH'];
  const known = found.get(path) ?? askFind(path);
  found.set(path, known);
  return known;
}

function askFind(path: string | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const find = spawn('find', ['--version'], { env: { PATH: path }, stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    find.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    find.on('error', () => resolve(false));
    find.on('close', () => resolve(said.includes('GNU')));
  });
}
