import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type BigIntStats, constants, createReadStream } from 'node:fs';
import { type FileHandle, chmod, copyFile, link, open, rm, utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { hasCode } from './errno.js';
import { openReadable } from './open-readable.js';

/** How often a file that is written to while it is copied is copied again. */
const ATTEMPTS = 3;
const SPARSE_FROM_BYTES = 1024n * 1024n;
const run = promisify(execFile);

export interface CopiedFile {
  /** Of the source, as it was copied. */
  stat: BigIntStats;
  sha256?: string;
}

/** Copies one regular file with its mode and times, sharing blocks where the filesystem can. Undefined for anything else. */
export async function copyFileContent(
  source: Buffer,
  target: Buffer,
  hash: boolean,
): Promise<CopiedFile | undefined> {
  const file = await openReadable(source);
  try {
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return undefined;
    const copied = await copySettled(file, stat, target);
    await chmod(target, 0o600);
    // Read back from the copy, so that the sum is that of what is kept.
    const sha256 = hash ? await sha256Of(target) : undefined;
    await chmod(target, Number(copied.mode) & 0o7777);
    await utimes(target, Number(copied.atimeNs) / 1e9, Number(copied.mtimeNs) / 1e9);
    return { stat: copied, ...(sha256 !== undefined && { sha256 }) };
  } finally {
    await file.close();
  }
}

async function copySettled(file: FileHandle, stat: BigIntStats, target: Buffer): Promise<BigIntStats> {
  let before = stat;
  for (let attempt = 1; ; attempt++) {
    await copyContent(file, before, target);
    const after = await file.stat({ bigint: true });
    if (after.mtimeNs === before.mtimeNs && after.size === before.size) return after;
    // Still written to: the copy is as good as any; the earlier times make the next snapshot copy it again.
    if (attempt === ATTEMPTS) return before;
    await rm(target);
    before = after;
  }
}

async function copyContent(file: FileHandle, stat: BigIntStats, target: Buffer): Promise<void> {
  const sparse = stat.size > SPARSE_FROM_BYTES && stat.blocks * 512n < stat.size / 2n;
  if (!sparse) return copyFile(`/proc/self/fd/${file.fd}`, target, constants.COPYFILE_FICLONE);
  // Written out in full, the holes of a sparse file could fill the disk.
  const copy = await open(target, 'wx', 0o600);
  const name = (handle: FileHandle): string => `/proc/${process.pid}/fd/${handle.fd}`;
  try {
    await run('cp', ['--sparse=always', '--reflink=auto', '--', name(file), name(copy)]);
  } finally {
    await copy.close();
  }
}

/** False where that cannot be done, and the file has to be copied. */
export async function linkTo(existing: Buffer, target: Buffer): Promise<boolean> {
  try {
    await link(existing, target);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EMLINK', 'EPERM', 'EXDEV')) return false;
    throw error;
  }
}

async function sha256Of(path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
