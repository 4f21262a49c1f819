import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError } from '../computer.js';

/** Where one session's computer lies on disk. Everything in it is private to the user of the service. */
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

export async function ensureSessionFolder(folder: SessionFolder): Promise<void> {
  await mkdir(folder.snapshots, { recursive: true, mode: 0o700 });
  for (const name of STANDARD_FOLDERS) {
    await mkdir(join(folder.files, name), { recursive: true, mode: 0o700 });
  }
}
