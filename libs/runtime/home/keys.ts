import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Home } from './home.js';
import { HomeError } from './home-error.js';
import { createPrivateFile, readIfExists } from './private-file.js';

const KEY_BYTES = 32;

/** The local server's bearer token; made at the first call and kept. Safe to call from several processes. */
export async function ensureToken(home: Home): Promise<string> {
  const token = await readOrCreate(home.token);
  if (!/^\S{16,}$/.test(token)) {
    throw damaged(home.token, 'Delete it, and a new token is made at the next start.');
  }
  return token;
}

/** The 32 bytes that wrap every session's data key; made at the first call and kept. */
export async function ensureMasterKey(home: Home): Promise<Buffer> {
  const key = Buffer.from(await readOrCreate(home.masterKey), 'base64url');
  if (key.length !== KEY_BYTES) {
    // Making a new one would turn every stored secret into noise without a word.
    throw damaged(home.masterKey, 'Restore it from a backup; with another key no stored secret can be read.');
  }
  return key;
}

/**
 * The home's name on the log: which computers are its own. Kept, since the machine's name may change, and with a
 * random end, since two machines may have one name.
 */
export async function ensureNodeId(home: Home): Promise<string> {
  const prefix = hostname()
    .replace(/[^A-Za-z0-9-]/g, '-')
    .slice(0, 40);
  const id = await readOrCreate(home.nodeId, () => `${prefix}-${randomBytes(4).toString('hex')}`);
  if (/^[A-Za-z0-9-]{1,60}$/.test(id)) return id;
  throw damaged(
    home.nodeId,
    'Restore it from a backup: it is the name that `computer.started` events have as `node`, up to the slash.',
  );
}

function randomKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

async function readOrCreate(path: string, create = randomKey): Promise<string> {
  const existing = await readIfExists(path);
  if (existing === undefined) {
    await createPrivateFile(path, `${create()}\n`);
    return readOrCreate(path, create);
  }
  await chmod(path, 0o600);
  return existing.trim();
}

function damaged(path: string, remedy: string): HomeError {
  return new HomeError('home_damaged', `${path} does not hold what Raworc wrote there. ${remedy}`);
}
