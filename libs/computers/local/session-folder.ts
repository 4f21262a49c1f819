import { chmod, lchown, lstat, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError } from '../computer.js';
import { hasCode } from './errno.js';
import { removeTree } from './remove-tree.js';

/** Where one session's computer lies on disk. Everything in it but the files is private to the user of the service. */
export interface SessionFolder {
  sessionId: string;
  base: string;
  /** What the session sees as SESSION_DIR. */
  files: string;
  snapshots: string;
  record: string;
}

/** The folders that every computer has from the start. */
export const STANDARD_FOLDERS = ['code', 'data', 'logs'] as const;

const SESSION_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isSessionId(value: string): boolean {
  return SESSION_ID.test(value);
}

/** Throws `command_refused` for an id that could name anything but a plain folder. */
export function sessionFolder(root: string, sessionId: string): SessionFolder {
  if (!isSessionId(sessionId)) {
    throw new ComputerError(
      'command_refused',
      `"${sessionId}" is not a session id: use 1 to 64 letters, digits, "_" or "-".`,
    );
  }
  const base = join(root, sessionId);
  return {
    sessionId,
    base,
    files: join(base, 'files'),
    snapshots: join(base, 'snapshots'),
    record: join(base, 'computer.json'),
  };
}

/**
 * Makes the folders of a new computer; those that are there already stay as they are. The files are `user`'s, the
 * session's own, where it has one.
 */
export async function makeSessionFolder(folder: SessionFolder, user: number | undefined): Promise<void> {
  await mkdir(folder.snapshots, { recursive: true, mode: 0o700 });
  await makeStandardFolders(folder.files);
  if (user === undefined) return;
  await letPass(folder, user);
  const paths = STANDARD_FOLDERS.map((name) => join(folder.files, name));
  for (const path of [folder.files, ...paths]) await lchown(path, user, user);
}

/** Lets the session's own user through to its files, where nothing above the folder is in the way, and nobody else. */
export async function letPass({ base }: SessionFolder, user: number): Promise<void> {
  await lchown(base, process.geteuid?.() ?? 0, user);
  await chmod(base, 0o710);
}

/**
 * Puts new files in the place of all that are there, in one step as seen from outside. `fill` gets an empty folder
 * and makes them; when it fails, nothing has changed. `fill` gives them the owner of the old ones.
 */
export async function replaceFiles<T>(
  folder: SessionFolder,
  fill: (staging: string) => Promise<T>,
  beforeSwap: () => Promise<void> = async () => undefined,
): Promise<T> {
  const staging = `${folder.files}.filling`;
  const ready = readyPath(folder);
  const old = `${folder.files}.old`;
  await removeTree(staging);
  try {
    await mkdir(staging, { mode: 0o700 });
    const result = await fill(staging);
    await beforeSwap();
    for (const left of [ready, old]) await removeTree(left);
    await rename(staging, ready);
    await rename(folder.files, old);
    await rename(ready, folder.files);
    return result;
  } finally {
    await removeTree(staging);
    await removeTree(old);
  }
}

/**
 * Ends a replacement that a crash cut short between taking the old files away and putting the new ones there. True
 * when there was something to do.
 */
export async function repairSessionFolder(folder: SessionFolder): Promise<boolean> {
  if (await exists(folder.files)) return false;
  if (await exists(readyPath(folder))) await rename(readyPath(folder), folder.files);
  else await makeStandardFolders(folder.files);
  return true;
}

function readyPath(folder: SessionFolder): string {
  return `${folder.files}.ready`;
}

/** Whatever else stands at one of the names, a link for instance, stays. */
export async function makeStandardFolders(
  files: string,
  owner?: { uid: number; gid: number },
): Promise<void> {
  await mkdir(files, { recursive: true, mode: 0o700 });
  for (const name of STANDARD_FOLDERS) {
    const place = join(files, name);
    try {
      await mkdir(place, { mode: 0o700 });
      if (owner) await lchown(place, owner.uid, owner.gid);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }
}

async function exists(path: string): Promise<boolean> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  return stat !== undefined;
}
