import { spawn } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import type { DiskUsage } from '../computer.js';
import { OpenTree } from './open-tree.js';

/** For all of a tree; one that takes longer has more entries than a computer needs. */
const WITHIN_MS = 30_000;
/** Folders that are opened although their mode forbids it. */
const MOST_CLOSED = 1_000;
/** Of a list of their names. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Entries that cost nothing but their blocks. */
const FREE_ENTRIES = 10_000;

/** The whole of it, and nothing that a link or a mount leads to. */
const COUNT = ['du', '-skx', '.'];
const COUNT_ENTRIES = ['du', '-sx', '--inodes', '.'];
const FIND_CLOSED = ['find', '.', '-xdev', '-mindepth', '1', '-type', 'd', '!', '-perm', '-500', '-print0'];

/** Where something is counted, and what may still be spent on it. */
interface Count {
  signal: AbortSignal;
  closed: number;
  bytes: number;
  entries: number;
}

/**
 * What the files below a folder take up. Programs of the system count, beside the event loop and behind all
 * others. A file system has room for so many entries only, and empty files take up no block: a share of the entries
 * counts as that share of the disk, where it is more.
 */
export async function diskUsageOf(files: string): Promise<DiskUsage> {
  const count: Count = { signal: AbortSignal.timeout(WITHIN_MS), closed: 0, bytes: 0, entries: 0 };
  await add(files, count);
  const complete = !count.signal.aborted && count.closed <= MOST_CLOSED;
  const ofEntries = Math.max(0, count.entries - FREE_ENTRIES) * (await bytesPerEntry(files));
  return { bytes: Math.max(count.bytes, ofEntries), complete };
}

/** Nothing where a file system makes room for entries as they come. */
async function bytesPerEntry(folder: string): Promise<number> {
  const { blocks, bsize, files } = await statfs(folder);
  return files === 0 ? 0 : Math.floor((blocks * bsize) / files);
}

/** A session that is of the service's own user may close folders to it; root sees into all of them. */
async function add(folder: string, count: Count): Promise<void> {
  const counted = await run(COUNT, folder, count.signal);
  count.bytes += numberIn(counted.output) * 1024;
  count.entries += numberIn((await run(COUNT_ENTRIES, folder, count.signal)).output);
  if (!counted.complained || process.geteuid?.() === 0) return;
  const { output } = await run(FIND_CLOSED, folder, count.signal);
  const tree = new OpenTree(folder);
  try {
    for (const path of output.toString('latin1').split('\0').filter(Boolean).sort()) {
      if (++count.closed > MOST_CLOSED || count.signal.aborted) return;
      const open = entered(tree, path.replace(/^\.\//, ''));
      if (open !== undefined) await add(placeOf(open), count);
    }
  } finally {
    tree.close();
  }
}

function numberIn(output: Buffer): number {
  return Number.parseInt(output.toString('latin1'), 10) || 0;
}

/** Undefined when it is gone, or another's, by now. */
function entered(tree: OpenTree, path: string): string | undefined {
  try {
    return tree.enter(path);
  } catch {
    return undefined;
  }
}

/** The same for other processes, and no link by itself: it is opened once more where there are closed folders in it. */
function placeOf(open: string): string {
  return `${open.replace('/proc/self', `/proc/${process.pid}`)}/.`;
}

async function run(argv: string[], cwd: string, signal: AbortSignal) {
  const child = spawn('nice', ['-n', '19', ...argv], {
    cwd,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  const chunks: Buffer[] = [];
  let size = 0;
  let complained = false;
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  });
  child.stderr.on('data', () => (complained = true));
  await new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    // The folder is gone, or the time is over.
    child.on('error', () => resolve());
  });
  return { output: Buffer.concat(chunks), complained };
}
