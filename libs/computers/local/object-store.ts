import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  fdatasync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from './errno.js';

const run = promisify(execFile);
const dataSync = promisify(fdatasync);

/** Files up to this size are read at once, and written only when they are new. */
const SMALL = 1024 * 1024;
const BLOCK = 256 * 1024;
/** Up to so many new objects are synced one by one. */
const SYNCED_SINGLY = 64;

export interface StoredContent {
  sha256: string;
  size: number;
}

/** The contents of files, each once, by their sha256. */
export class ObjectStore {
  /** Of what this instance has added. */
  storedBytes = 0;
  private readonly added: string[] = [];

  constructor(private readonly folder: string) {}

  place(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }

  has(sha256: string, size: number): boolean {
    // One of another size was cut off by a crash of the machine, and is replaced.
    return lstatSync(this.place(sha256), { throwIfNoEntry: false })?.size === size;
  }

  /** Adds what an open file holds. The signal ends it between two blocks. */
  async add(file: FileHandle, stat: BigIntStats, signal: AbortSignal): Promise<StoredContent> {
    return stat.size <= SMALL ? this.addSmall(file, Number(stat.size)) : this.addLarge(file, stat, signal);
  }

  /** Adds what a small open file holds, without waiting for anything: for many files that takes a fraction. */
  addAtOnce(descriptor: number, size: number): StoredContent {
    const content = readUpToAtOnce(descriptor, size);
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (!this.has(sha256, content.length)) {
      const temporary = this.temporary();
      inFolderAtOnce(temporary, () => writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' }));
      const place = this.place(sha256);
      inFolderAtOnce(place, () => renameSync(temporary, place));
      this.storedBytes += content.length;
      this.added.push(place);
    }
    return { sha256, size: content.length };
  }

  /** Sees to it that what was added outlives a crash of the machine. */
  async sync(): Promise<void> {
    const objects = this.added.splice(0);
    if (objects.length > SYNCED_SINGLY) return void (await run('sync', ['-f', '--', this.folder]));
    await Promise.all(objects.map(syncFile));
  }

  async *list(): AsyncIterable<{ sha256: string; place: string }> {
    const groups = await readdir(this.folder).catch(() => []);
    for (const group of groups) {
      for (const sha256 of await readdir(join(this.folder, group))) {
        yield { sha256, place: join(this.folder, group, sha256) };
      }
    }
  }

  private async addSmall(file: FileHandle, expected: number): Promise<StoredContent> {
    const content = await readUpTo(file, expected);
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (this.has(sha256, content.length)) return { sha256, size: content.length };
    const temporary = this.temporary();
    await this.inFolder(temporary, () => writeFile(temporary, content, { mode: 0o600, flag: 'wx' }));
    return this.keep(temporary, sha256, content.length, content.length);
  }

  private async addLarge(file: FileHandle, stat: BigIntStats, signal: AbortSignal): Promise<StoredContent> {
    const temporary = this.temporary();
    const copy = await this.inFolder(temporary, () => open(temporary, 'wx', 0o600));
    try {
      const hash = createHash('sha256');
      // Written out in full, the holes of a sparse file could fill the disk.
      const sparse = stat.blocks * 512n < stat.size;
      const copied = await copyBlocks(file, copy, { sparse, signal, onBlock: (block) => hash.update(block) });
      const sha256 = hash.digest('hex');
      if (!this.has(sha256, copied.size)) {
        return await this.keep(temporary, sha256, copied.size, copied.written);
      }
      await rm(temporary);
      return { sha256, size: copied.size };
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await copy.close();
    }
  }

  private async keep(
    temporary: string,
    sha256: string,
    size: number,
    written: number,
  ): Promise<StoredContent> {
    const place = this.place(sha256);
    await this.inFolder(place, () => rename(temporary, place));
    this.storedBytes += written;
    this.added.push(place);
    return { sha256, size };
  }

  /** Names like no object, in a folder of the store, so that they are found and removed. */
  private temporary(): string {
    return join(this.folder, 'partial', randomUUID());
  }

  private async inFolder<T>(place: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    await mkdir(join(place, '..'), { recursive: true, mode: 0o700 });
    return task();
  }
}

interface CopyOptions {
  /** Blocks of zeros become holes. */
  sparse: boolean;
  signal?: AbortSignal;
  onBlock?: (block: Buffer) => void;
}

export async function copyBlocks(
  from: FileHandle,
  to: FileHandle,
  { sparse, signal, onBlock }: CopyOptions,
): Promise<{ size: number; written: number }> {
  const buffer = Buffer.allocUnsafe(BLOCK);
  let size = 0;
  let written = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, BLOCK, size);
    if (bytesRead === 0) break;
    const block = buffer.subarray(0, bytesRead);
    onBlock?.(block);
    if (!sparse || !isZero(block)) {
      await to.write(block, 0, bytesRead, size);
      written += bytesRead;
    }
    size += bytesRead;
  }
  if (sparse) await to.truncate(size);
  return { size, written };
}

const ZEROS = Buffer.alloc(BLOCK);

function isZero(block: Buffer): boolean {
  return block.equals(ZEROS.subarray(0, block.length));
}

/** Reads no further than the file was long when it was looked at: one that grows is copied again anyway. */
async function readUpTo(file: FileHandle, size: number): Promise<Buffer> {
  const content = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(content, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return content.subarray(0, length);
}

function readUpToAtOnce(descriptor: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const bytesRead = readSync(descriptor, content, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return content.subarray(0, length);
}

function inFolderAtOnce(place: string, task: () => void): void {
  try {
    return task();
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  task();
}

async function syncFile(place: string): Promise<void> {
  const file = openSync(place, 'r');
  try {
    await dataSync(file);
  } finally {
    closeSync(file);
  }
}
