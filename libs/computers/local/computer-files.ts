import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lchown, lstat, mkdir, open, opendir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError, type FileEntry } from '../computer.js';
import { asComputerError, hasCode } from './errno.js';
import { resolveInComputer } from './path-resolver.js';

/** Largest file that is read when the caller sets no limit: 16 MiB. */
export const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Entries of the largest folder that is listed. */
const MAX_ENTRIES = 10_000;

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const SET_ID_BITS = 0o6000;

/** The folder of a session and the name under which its processes know it. */
export interface FileSpace {
  files: string;
  sessionDir: string;
}

export async function readComputerFile(
  space: FileSpace,
  path: string,
  maxBytes = DEFAULT_MAX_BYTES,
): Promise<Uint8Array> {
  try {
    return await inParent(space, path, false, async (place, _, owner) => {
      const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        requireReadable(await file.stat(), owner, path);
        return await readAtMost(file, path, maxBytes);
      } finally {
        await file.close();
      }
    });
  } catch (error) {
    throw asComputerError(error, path, 'reading');
  }
}

/** A service of root reads for a user no more than that user can. */
function requireReadable({ uid, gid, mode }: Stats, owner: number, path: string): void {
  if (owner === process.geteuid?.()) return;
  const needed = uid === owner ? constants.S_IRUSR : gid === owner ? constants.S_IRGRP : constants.S_IROTH;
  if (mode & needed) return;
  throw new ComputerError('file_not_readable', `Permission denied while reading ${path}.`);
}

function notRegular(stat: Stats, path: string): ComputerError {
  if (stat.isDirectory()) return new ComputerError('file_is_folder', `${path} is a folder, not a file.`);
  const kind = stat.isFIFO() ? 'pipe' : stat.isSocket() ? 'socket' : 'device';
  return new ComputerError('file_not_readable', `${path} is a ${kind}, not a regular file.`);
}

export async function readAtMost(file: FileHandle, path: string, maxBytes: number): Promise<Uint8Array> {
  const stat = await file.stat();
  if (!stat.isFile()) throw notRegular(stat, path);
  const tooLarge = new ComputerError(
    'file_too_large',
    `${path} has ${stat.size} bytes; the limit is ${maxBytes}. Read a part of it with a command instead.`,
  );
  if (stat.size > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let total = 0;
  // The file may grow meanwhile, and files of /proc say that they are empty: read until the end.
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.max(stat.size - total, 0) + 4096));
    if (bytesRead === 0) return Buffer.concat(chunks, total);
    total += bytesRead;
    if (total > maxBytes) throw tooLarge;
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

/**
 * Keeps owner and permissions of a file that is there. One with several names, or of an owner that a new file cannot
 * have, is written in place; all others are replaced at once.
 */
export async function writeComputerFile(
  space: FileSpace,
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  try {
    await inParent(space, path, true, async (place, folder, owner) => {
      const existing = await lstat(place).catch(() => undefined);
      if (existing && !existing.isFile()) throw notRegular(existing, path);
      const temporary = join(folder, `.raworc-${randomUUID()}`);
      try {
        const asBefore = await writeNew(temporary, content, existing, owner);
        const inPlace = existing && (await openInPlace(place, existing, asBefore));
        if (!inPlace) return await rename(temporary, place);
        // That there was room for it beside the file says that there is in it.
        await rm(temporary);
        await overwrite(inPlace, content, existing);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  } catch (error) {
    throw asComputerError(error, path, 'writing');
  }
}

/** Resolves to whether the file has the owner of the one that is there. */
async function writeNew(
  place: string,
  content: Uint8Array | string,
  existing: Stats | undefined,
  owner: number,
): Promise<boolean> {
  const file = await open(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  try {
    await file.writeFile(content);
    const asBefore = await takeOwner(file, existing?.uid ?? owner, existing?.gid ?? owner);
    // With another owner these bits would give other rights.
    if (existing) await file.chmod(existing.mode & 0o7777 & ~(asBefore ? 0 : SET_ID_BITS));
    return asBefore;
  } finally {
    await file.close();
  }
}

async function takeOwner(file: FileHandle, uid: number, gid: number): Promise<boolean> {
  const made = await file.stat();
  if (made.uid === uid && (made.gid === gid || process.geteuid?.() !== 0)) return true;
  try {
    await file.chown(uid, gid);
    return true;
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw error;
    return false;
  }
}

/** Undefined for a file that is better replaced. */
async function openInPlace(
  place: string,
  existing: Stats,
  asBefore: boolean,
): Promise<FileHandle | undefined> {
  if (existing.nlink === 1 && asBefore) return undefined;
  try {
    const file = await open(place, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
    const { ino, dev } = await file.stat();
    if (ino === existing.ino && dev === existing.dev) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if (existing.nlink === 1 && hasCode(error, 'EACCES')) return undefined;
    throw error;
  }
}

async function overwrite(file: FileHandle, content: Uint8Array | string, { mode }: Stats): Promise<void> {
  try {
    await file.writeFile(content);
    await file.truncate(Buffer.byteLength(content));
    // Writing takes these bits away, unless root does it.
    if ((mode & SET_ID_BITS) !== 0) await file.chmod(mode & 0o7777);
  } finally {
    await file.close();
  }
}

/**
 * The entries of a folder (not of the folders in it) by name, or the one entry that `path` names. What `path` names is
 * looked at in its open folder: a link that took the place of a folder meanwhile would tell of the machine's files.
 */
export async function listComputerFiles(space: FileSpace, path: string): Promise<FileEntry[]> {
  try {
    const names = await resolveInComputer(space.files, space.sessionDir, path);
    const name = names.at(-1);
    const entry =
      name !== undefined &&
      (await withFolder(space, names.slice(0, -1), false, (folder) =>
        entryOf(join(folder, name), names.join('/')),
      ));
    if (entry && entry.type !== 'directory') return [entry];
    return await withFolder(space, names, false, (folder) => entriesIn(folder, names, path));
  } catch (error) {
    throw asComputerError(error, path, 'listing');
  }
}

async function entriesIn(folder: string, names: string[], path: string): Promise<FileEntry[]> {
  const found: FileEntry[] = [];
  for (const name of (await namesIn(folder, path)).sort()) {
    const entry = await entryOf(join(folder, name), [...names, name].join('/')).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (entry) found.push(entry);
  }
  return found;
}

/** A session can make millions of files in one folder. */
async function namesIn(folder: string, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    if (names.push(name) <= MAX_ENTRIES) continue;
    throw new ComputerError(
      'file_too_large',
      `${path} has more than ${MAX_ENTRIES} entries. List a part of it with a command instead.`,
    );
  }
  return names;
}

async function entryOf(place: string, path: string): Promise<FileEntry> {
  const stat = await lstat(place);
  const type = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'file';
  return { path, type, bytes: type === 'file' ? stat.size : 0 };
}

/** Calls `use` with a way to the file that `path` names which no change of its folders can redirect. */
async function inParent<T>(
  space: FileSpace,
  path: string,
  create: boolean,
  use: (place: string, folder: string, owner: number) => Promise<T>,
): Promise<T> {
  const names = await resolveInComputer(space.files, space.sessionDir, path);
  const name = names.pop();
  if (name === undefined)
    throw new ComputerError('file_is_folder', `${path} is the session's folder, not a file.`);
  return withFolder(space, names, create, (folder, owner) => use(join(folder, name), folder, owner));
}

/**
 * Opens a folder step by step, never through a link, and names it by its descriptor: the session's own processes
 * may replace folders by links at any moment, but what is open stays what it is. What is made is the user's whose
 * the session's folder is.
 */
async function withFolder<T>(
  { files }: FileSpace,
  names: string[],
  create: boolean,
  use: (folder: string, owner: number) => Promise<T>,
): Promise<T> {
  let folder = await open(files, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const { uid: owner } = await folder.stat();
    for (const name of names) {
      const next = `/proc/self/fd/${folder.fd}/${name}`;
      if (create) await makeFolder(next, owner);
      const opened = await open(next, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await folder.close();
      folder = opened;
    }
    return await use(`/proc/self/fd/${folder.fd}`, owner);
  } finally {
    await folder.close();
  }
}

async function makeFolder(path: string, owner: number): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 });
    if (owner !== process.geteuid?.()) await lchown(path, owner, owner);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}
