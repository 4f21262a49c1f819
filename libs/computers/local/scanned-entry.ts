import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { type ManifestEntry, pathToText } from '../snapshot-format.js';
import { hasCode } from './errno.js';

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

export type ManifestStat = Pick<
  ManifestEntry,
  'type' | 'mode' | 'uid' | 'gid' | 'mtime_ns' | 'ctime_ns' | 'ino' | 'size'
>;

const TYPES: Record<string, ManifestEntry['type']> = { f: 'file', d: 'directory', l: 'link', p: 'fifo' };

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

/** Undefined when it is gone, or becomes another one this moment. */
export function entryAt(place: Buffer, path: string): ScannedEntry | undefined {
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

/** One that its mode keeps us from looking into. */
export function isClosedFolder(stamp: string): boolean {
  if (!stamp.startsWith('d ')) return false;
  // Asked for last: this call takes longer than all else here.
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return false;
  const [, mode = '', uid] = stamp.split(' ', 3);
  const bits = Number.parseInt(mode, 8);
  return Number(uid) === user ? (bits & 0o500) !== 0o500 : (bits & 0o005) !== 0o005;
}

/** The text form of a path of a scan. */
export function textOf(path: string): string {
  return pathToText(Buffer.from(path, 'latin1'));
}

function stampOf(stat: BigIntStats): string {
  const fields = [letterOf(stat), (Number(stat.mode) & 0o7777).toString(8), stat.uid, stat.gid, stat.size];
  return [...fields, seconds(stat.mtimeNs), seconds(stat.ctimeNs), stat.ino].join(' ');
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
