import { randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';
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

async function readOrCreate(path: string): Promise<string> {
  const existing = await readIfExists(path);
  if (existing === undefined) {
    await createPrivateFile(path, `${randomBytes(KEY_BYTES).toString('base64url')}\n`);
    return readOrCreate(path);
  }
  await chmod(path, 0o600);
  return existing.trim();
}

function damaged(path: string, remedy: string): HomeError {
  return new HomeError('home_damaged', `${path} does not hold what Raworc wrote there. ${remedy}`);
}
