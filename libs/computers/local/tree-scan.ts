import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { ComputerError } from '../computer.js';
import { SNAPSHOT_LIMITS, pathToText, type ManifestEntry } from '../snapshot-format.js';
import type { SkippedPaths } from './skipped-paths.js';
import { hasCode } from './errno.js';
import { EventLoopSlices } from './event-loop.js';
import { O_PATH, type OpenFolder, openFolder } from './open-readable.js';
import { OpenTree } from './open-tree.js';

/** One entry of a tree as a scan saw it. */
export interface ScannedEntry {
  /** Relative to the top; one character a byte. */
  path: string;
  /** Type, mode, owners, size, times and inode: as long as it is the same, so is the entry. */
  stamp: string;
  /** Names that the inode has. */
  links: number;
  /** Of a symbolic link; one character a byte. */
  target: string;
}

export interface ScanOptions {
  onEntry: (entry: ScannedEntry) => void;
  skipped: SkippedPaths;
  signal: AbortSignal;
}

/** Entries that are looked at without another program; their calls take some milliseconds in all. */
const SMALL_TREE = 400;
/** Bytes of a folder itself; a larger one may hold millions of names, which are not to be read in one go. */
const SMALL_FOLDER = 256 * 1024;
const FORMAT = '%y %m %U %G %s %T@ %C@ %i|%n\\0%P\\0%l\\0';
const SLASH = Buffer.from('/');
const TYPES: Record<string, ManifestEntry['type']> = { f: 'file', d: 'directory', l: 'link', p: 'fifo' };

/**
 * Looks at every entry below a folder once. GNU find does it, which needs a quarter of Node's time, runs beside the
 * event loop and never follows a link. A small tree is looked at here, for that takes less than starting a program;
 * without GNU find Node looks at all.
 */
export class TreeScanner {
  private find: WaitingFind | undefined;

  constructor(
    private readonly files: string,
    /** What the tree had when it was looked at last. */
    private readonly expected: number,
  ) {}

  /** Starts what a scan needs, so that the scan itself takes less. */
  async prepare(): Promise<void> {
    if (this.expected <= SMALL_TREE || !(await hasGnuFind())) return;
    this.find = new WaitingFind(this.files);
    await this.find.ready;
  }

  async scan(options: ScanOptions): Promise<void> {
    options.signal.throwIfAborted();
    const scan = new Scan(this.files, options);
    if (this.find === undefined && (await scan.small())) return;
    if (this.find === undefined && !(await hasGnuFind())) await scan.folder('');
    else await scan.withFind(this.find ?? new WaitingFind(this.files));
    await scan.closedFolders();
  }

  close(): void {
    this.find?.end();
  }
}

/** A find that runs, but has not begun: a shell says that it is there, and waits for a line first. */
class WaitingFind {
  readonly ready: Promise<unknown>;
  private readonly process: ChildProcessByStdio<Writable, Readable, null>;
  private readonly closed: Promise<unknown[]>;
  private onChunk: (chunk: Buffer) => void = () => undefined;

  constructor(files: string) {
    const find = ['find', '.', '-xdev', '-mindepth', '1', '-printf', FORMAT];
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

  /** False when it was ended, and so has not seen all. That it could not look into a folder is no such thing. */
  async run(onChunk: (chunk: Buffer) => void): Promise<boolean> {
    await this.ready;
    this.onChunk = onChunk;
    this.process.stdin.end('\n');
    const [code] = await this.closed;
    return code === 0 || code === 1;
  }

  end(): void {
    this.process.kill('SIGKILL');
  }
}

export function inodeOf({ stamp }: ScannedEntry): string {
  return stamp.slice(stamp.lastIndexOf(' ') + 1);
}

/** The stamp's fields as a manifest has them. Undefined for a type that is not kept. */
export function statOf({ stamp }: ScannedEntry): ManifestStat | undefined {
  const [letter = '', mode = '', uid, gid, size, mtime = '', ctime = '', ino = ''] = stamp.split(' ');
  const type = TYPES[letter];
  if (type === undefined) return undefined;
  return {
    type,
    mode: Number.parseInt(mode, 8),
    uid: Number(uid),
    gid: Number(gid),
    mtime_ns: nanoseconds(mtime),
    ctime_ns: nanoseconds(ctime),
    ino,
    size: type === 'file' ? Number(size) : 0,
  };
}

export type ManifestStat = Pick<
  ManifestEntry,
  'type' | 'mode' | 'uid' | 'gid' | 'mtime_ns' | 'ctime_ns' | 'ino' | 'size'
>;

function stampOf(stat: BigIntStats): string {
  const fields = [letterOf(stat), (Number(stat.mode) & 0o7777).toString(8), stat.uid, stat.gid, stat.size];
  return [...fields, seconds(stat.mtimeNs), seconds(stat.ctimeNs), stat.ino].join(' ');
}

class Scan {
  private entries = 0;
  private pathBytes = 0;
  private full = false;
  private readonly slices = new EventLoopSlices();
  /** Folders of ours that their mode closes to us: find cannot look into them. */
  private readonly closed: string[] = [];

  constructor(
    private readonly files: string,
    private readonly options: ScanOptions,
  ) {}

  /** False when the tree turns out to be larger; then nothing was reported. */
  async small(): Promise<boolean> {
    const entries = smallTree(this.files);
    for (const entry of entries ?? []) this.add(entry);
    if (entries) await this.closedFolders();
    return entries !== undefined;
  }

  async withFind(find: WaitingFind): Promise<void> {
    const { signal } = this.options;
    const end = (): void => find.end();
    signal.addEventListener('abort', end, { once: true });
    let rest = '';
    let whole: boolean;
    try {
      whole = await find.run((chunk) => {
        rest = this.records(rest + chunk.toString('latin1'));
        if (this.full) end();
      });
    } finally {
      signal.removeEventListener('abort', end);
    }
    signal.throwIfAborted();
    if (!whole && !this.full) {
      const message = 'The program "find" was ended before it had seen all files. Try again.';
      throw new ComputerError('file_not_readable', message);
    }
  }

  /** Gives back what is left behind the last whole record. */
  private records(text: string): string {
    let at = 0;
    while (!this.full) {
      const path = text.indexOf('\0', at) + 1;
      const target = path && text.indexOf('\0', path) + 1;
      const end = target && text.indexOf('\0', target);
      if (!target || end < 0) break;
      const bar = text.indexOf('|', at);
      this.add({
        path: text.slice(path, target - 1),
        stamp: text.slice(at, bar),
        links: path - bar === 3 && text[bar + 1] === '1' ? 1 : Number(text.slice(bar + 1, path - 1)),
        target: text.slice(target, end),
      });
      at = end + 1;
    }
    return text.slice(at);
  }

  /** What a folder without the right to look into it holds. The right is given for a moment where that is possible. */
  async closedFolders(): Promise<void> {
    for (let path = this.closed.pop(); path !== undefined; path = this.closed.pop()) await this.folder(path);
  }

  /** Looks into a folder from the top down: none on the way there may have been replaced by a link. */
  async folder(path: string): Promise<void> {
    const tree = new OpenTree(this.files);
    try {
      await this.inFolder(Buffer.from(tree.enter(path)), path === '' ? '' : `${path}/`);
    } catch (error) {
      this.cannotOpen(error, `${path}/`);
    } finally {
      tree.close();
    }
  }

  private async inFolder(open: Buffer, prefix: string): Promise<void> {
    for (const name of await readdir(open, { encoding: 'buffer' })) {
      if (this.slices.isOver) await this.slices.next();
      this.options.signal.throwIfAborted();
      if (this.full) return;
      const child = Buffer.concat([open, SLASH, name]);
      if (this.lookAt(child, prefix + name.toString('latin1'))) {
        await this.below(child, `${prefix}${name.toString('latin1')}/`);
      }
    }
  }

  private async below(place: Buffer, prefix: string): Promise<void> {
    let folder: OpenFolder | undefined;
    try {
      folder = openFolder(place);
      await this.inFolder(Buffer.from(folder.path), prefix);
    } catch (error) {
      this.cannotOpen(error, prefix);
    } finally {
      folder?.close();
    }
  }

  /** True for a folder that is to be looked into. */
  private lookAt(place: Buffer, path: string): boolean {
    const entry = entryAt(place, path);
    if (entry === undefined) return false;
    const known = this.closed.length;
    this.add(entry);
    this.closed.length = known;
    return entry.stamp.startsWith('d ') && path.length <= SNAPSHOT_LIMITS.path;
  }

  private cannotOpen(error: unknown, prefix: string): undefined {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    if (!hasCode(error, 'EACCES', 'EPERM', 'EMFILE')) throw error;
    const why = hasCode(error, 'EMFILE') ? 'path_too_long' : 'unreadable';
    this.options.skipped.add(prefix.slice(0, -1), why);
    return undefined;
  }

  private add(entry: ScannedEntry): void {
    const { skipped, onEntry } = this.options;
    this.entries++;
    this.pathBytes += writtenLength(entry.path) + writtenLength(entry.target);
    if (this.entries > SNAPSHOT_LIMITS.entries || this.pathBytes > SNAPSHOT_LIMITS.pathBytes) {
      this.full = true;
      skipped.add(entry.path, 'budget');
    } else if (entry.path.length > SNAPSHOT_LIMITS.path) {
      skipped.add(entry.path, 'path_too_long');
    } else {
      if (isClosedFolder(entry.stamp)) this.closed.push(entry.path);
      onEntry(entry);
    }
  }
}

/** Characters in a manifest, where what is no plain text is escaped: a byte becomes up to six. */
function writtenLength(text: string): number {
  if (!/[^ !#-[\]-~]/.test(text)) return text.length;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const plain = code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c;
    length += plain ? 1 : 6;
  }
  return length;
}

/** Undefined when the tree has more entries. */
function smallTree(files: string): ScannedEntry[] | undefined {
  const entries: ScannedEntry[] = [];
  return lookInto(Buffer.from(files), '', entries) ? entries : undefined;
}

function lookInto(place: Buffer, prefix: string, entries: ScannedEntry[]): boolean {
  let folder: number;
  try {
    folder = openSync(place, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    // It is gone; or it is closed to us, and looked into later.
    return true;
  }
  try {
    if (fstatSync(folder).size > SMALL_FOLDER) return false;
    const base = `/proc/self/fd/${folder}/`;
    for (const name of readdirSync(base, { encoding: 'buffer' })) {
      const child = Buffer.concat([Buffer.from(base), name]);
      const path = prefix + name.toString('latin1');
      const entry = entryAt(child, path);
      if (entry === undefined) continue;
      if (entries.length >= SMALL_TREE || path.length > SNAPSHOT_LIMITS.path) return false;
      entries.push(entry);
      const open = entry.stamp.startsWith('d ') && !isClosedFolder(entry.stamp);
      if (open && !lookInto(child, `${path}/`, entries)) return false;
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EINVAL', 'EACCES')) return true;
    throw error;
  } finally {
    closeSync(folder);
  }
}

/** Undefined when it is gone, or becomes another one this moment. */
function entryAt(place: Buffer, path: string): ScannedEntry | undefined {
  try {
    const stat = lstatSync(place, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const target = stat.isSymbolicLink()
      ? readlinkSync(place, { encoding: 'buffer' }).toString('latin1')
      : '';
    return { path, stamp: stampOf(stat), links: Number(stat.nlink), target };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
}

function isClosedFolder(stamp: string): boolean {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || !stamp.startsWith('d ')) return false;
  const [, mode = '', uid] = stamp.split(' ', 3);
  const bits = Number.parseInt(mode, 8);
  return Number(uid) === user ? (bits & 0o500) !== 0o500 : (bits & 0o005) !== 0o005;
}

function letterOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'f';
  if (stat.isDirectory()) return 'd';
  if (stat.isSymbolicLink()) return 'l';
  if (stat.isFIFO()) return 'p';
  return stat.isSocket() ? 's' : 'b';
}

/** As find writes times: the sign is that of the whole seconds alone, and there are ten digits. */
function seconds(ns: bigint): string {
  const whole = ns >= 0n ? ns / 1_000_000_000n : -((-ns + 999_999_999n) / 1_000_000_000n);
  return `${whole}.${String(ns - whole * 1_000_000_000n).padStart(9, '0')}0`;
}

function nanoseconds(time: string): string {
  const [whole = '0', fraction = ''] = time.split('.');
  // As text where that says the same, which takes a fraction.
  if (whole > '0' && fraction.length >= 9) return whole + fraction.slice(0, 9);
  return String(BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

/** By `PATH`. */
const found = new Map<string | undefined, Promise<boolean>>();

function hasGnuFind(): Promise<boolean> {
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

/** The text form of a path of a scan. */
export function textOf(path: string): string {
  return pathToText(Buffer.from(path, 'latin1'));
}
