import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ComputerError } from '../../computer.js';
import { hasCode } from '../errno.js';

/**
 * Numbers that nothing else hands out: above those of real users, of subordinate users (from 100,000 on) and of
 * containers (up to 1,879,048,191), and below 2^31, from where on some programs take them for negative.
 */
const FIRST = 0x70000001;
const COUNT = 0x0ffd0000;

/** For a look whether sandboxes can be had; owns nothing. */
export const PROBE_USER = 0x70000000;

const TRIES = 1_000;

/**
 * A user (and group) number for a session, the only one that it has on this machine. Each is claimed by a file, so
 * that no two sessions of a home get the same; the same session gets the same again.
 */
export async function allocateUser(root: string, sessionId: string): Promise<number> {
  const start = createHash('sha256').update(`${root}\0${sessionId}`).digest().readUInt32LE() % COUNT;
  for (let step = 0; step < TRIES; step++) {
    const user = FIRST + ((start + step) % COUNT);
    if (await claim(root, user, sessionId)) return user;
  }
  throw new ComputerError(
    'driver_unavailable',
    `No user number is free for session ${sessionId}. Destroy sessions that are no longer needed.`,
  );
}

export async function releaseUser(root: string, user: number): Promise<void> {
  await rm(claimPath(root, user), { force: true });
}

async function claim(root: string, user: number, sessionId: string): Promise<boolean> {
  const path = claimPath(root, user);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(sessionId).finally(() => file.close());
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    return (await readFile(path, 'utf8')) === sessionId;
  }
}

/** Begins with a dot, as no session's folder does. */
function claimPath(root: string, user: number): string {
  return join(root, '.users', String(user));
}
