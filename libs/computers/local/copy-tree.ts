import type { BigIntStats } from 'node:fs';
import { chmod, lstat, lutimes, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { hasCode } from './errno.js';
import { copyFileContent, linkTo } from './copy-file.js';
import { type ManifestEntry, nameToText, sortedByPath } from './manifest.js';
import { type OpenFolder, openFolder } from './open-readable.js';

export interface CopyTreeOptions {
  /** False for an entry of the top folder that stays behind, with all below it. */
  include?: (topName: string) => boolean;
  /** The file of an earlier copy that holds the same content and attributes, to be linked instead of copied. */
  reuse?: (path: string, stat: BigIntStats) => { file: Buffer; sha256: string } | undefined;
  /** Compute contents' sha256. */
  hash: boolean;
}

/** Files copied at the same time: fewer than Node has threads for files, so that others need not wait. */
const PARALLEL = 3;

interface Folder {
  /** Open, so that a process of the session cannot put a link in its place while we are in it. */
  source: OpenFolder;
  target: Buffer;
  /** Relative to the top, empty there. */
  path: Buffer;
}

/**
 * Copies what is in the folder `source` into the existing folder `target`: files, folders and links (as links) with
 * their modes and times. Sockets, pipes and devices are left out, and so is what vanishes meanwhile.
 */
export async function copyTree(
  source: string,
  target: string,
  options: CopyTreeOptions,
): Promise<ManifestEntry[]> {
  const opened = await openFolder(Buffer.from(source));
  const entries: ManifestEntry[] = [];
  await copyFolder({ source: opened, target: Buffer.from(target), path: Buffer.alloc(0) }, options, entries);
  return sortedByPath(entries);
}

/** Closes the folder at the end, whatever happens. */
async function copyFolder(folder: Folder, options: CopyTreeOptions, entries: ManifestEntry[]): Promise<void> {
  try {
    const top = folder.path.length === 0;
    const names = await namesIn(folder);
    const wanted = names.filter((name) => !top || (options.include?.(nameToText(name)) ?? true));
    const folders: Buffer[] = [];
    const next = wanted.values();
    const worker = async (): Promise<void> => {
      for (const name of next) await unlessGone(() => copyLeaf(folder, name, options, entries, folders));
    };
    await allDone(Array.from({ length: PARALLEL }, worker));
    // One folder after the other: as many descriptors are open as the tree is deep.
    for (const name of folders) await unlessGone(() => copySubfolder(folder, name, options, entries));
  } finally {
    await folder.source.close();
  }
}

/** None when the folder was removed since it was opened. */
async function namesIn(folder: Folder): Promise<Buffer[]> {
  return readdir(folder.source.path, { encoding: 'buffer' }).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
}

/** As Promise.all, but waits for all also when one fails: the others use what is closed afterwards. */
async function allDone(tasks: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

async function copyLeaf(
  folder: Folder,
  name: Buffer,
  options: CopyTreeOptions,
  entries: ManifestEntry[],
  folders: Buffer[],
): Promise<void> {
  const place = placeOf(folder, name);
  const stat = await lstat(place, { bigint: true });
  const path = relativePath(folder, name);
  if (stat.isDirectory()) {
    folders.push(name);
  } else if (stat.isSymbolicLink()) {
    const linked = await readlink(place, { encoding: 'buffer' });
    const target = childOf(folder.target, name);
    await symlink(linked, target);
    await lutimes(target, seconds(stat.atimeNs), seconds(stat.mtimeNs));
    entries.push({ ...attributes(path, 'link', stat), target: nameToText(linked) });
  } else if (stat.isFile()) {
    const target = childOf(folder.target, name);
    const earlier = options.reuse?.(path, stat);
    if (earlier && (await linkTo(earlier.file, target))) {
      entries.push({ ...attributes(path, 'file', stat), sha256: earlier.sha256 });
      return;
    }
    const copied = await copyFileContent(place, target, options.hash);
    if (copied) entries.push({ ...attributes(path, 'file', copied.stat), sha256: copied.sha256 });
  }
}

async function copySubfolder(
  folder: Folder,
  name: Buffer,
  options: CopyTreeOptions,
  entries: ManifestEntry[],
): Promise<void> {
  const source = await openFolder(placeOf(folder, name));
  const target = childOf(folder.target, name);
  const path = folder.path.length === 0 ? name : childOf(folder.path, name);
  await mkdir(target, { mode: 0o700 });
  await copyFolder({ source, target, path }, options, entries);
  const { stat } = source;
  // Last, because filling the folder changes its time, and its mode may forbid to fill it.
  await chmod(target, Number(stat.mode) & 0o7777);
  await utimes(target, seconds(stat.atimeNs), seconds(stat.mtimeNs));
  entries.push(attributes(nameToText(path), 'directory', stat));
}

function attributes(path: string, type: ManifestEntry['type'], stat: BigIntStats): ManifestEntry {
  return {
    path,
    type,
    mode: Number(stat.mode) & 0o7777,
    size: type === 'file' ? Number(stat.size) : 0,
    mtime_ns: String(stat.mtimeNs),
    ctime_ns: String(stat.ctimeNs),
    inode: String(stat.ino),
  };
}

async function unlessGone(copy: () => Promise<void>): Promise<void> {
  try {
    await copy();
  } catch (error) {
    // Removed, or replaced by something of another kind, after the folder was read.
    if (!hasCode(error, 'ENOENT', 'ELOOP', 'ENOTDIR')) throw error;
  }
}

function placeOf(folder: Folder, name: Buffer): Buffer {
  return childOf(Buffer.from(folder.source.path), name);
}

function relativePath(folder: Folder, name: Buffer): string {
  return nameToText(folder.path.length === 0 ? name : childOf(folder.path, name));
}

function childOf(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
