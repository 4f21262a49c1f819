import { createHash } from 'node:crypto';
import type { Home } from './home.js';
import { HomeError } from './home-error.js';
import { ensureMasterKey } from './keys.js';
import { readIfExists } from './private-file.js';

/** Where the log's side keeps values beside it; the log's key store fits. */
export interface FingerprintStore {
  get(name: string): Promise<string | undefined>;
  /** @throws Error when another value is there */
  create(name: string, value: string): Promise<void>;
}

const NAME = 'master-key-fingerprint';

/**
 * The home's master key, if it is the one that the log's secrets were sealed under; made where both are new. With
 * another key everything would seem to work until a secret is needed, and new secrets would be lost to the old key.
 * @throws {HomeError} `master_key_missing`, `master_key_wrong`, `home_damaged`
 */
export async function openMasterKey(home: Home, store: FingerprintStore): Promise<Buffer> {
  const known = await store.get(NAME);
  if (known === undefined) {
    const key = await ensureMasterKey(home);
    await store.create(NAME, fingerprint(key));
    return key;
  }
  if ((await readIfExists(home.masterKey)) === undefined) throw missing(home, known);
  const key = await ensureMasterKey(home);
  if (fingerprint(key) !== known) throw wrong(home, fingerprint(key), known);
  return key;
}

/** Tells keys apart, and nothing of the key. */
function fingerprint(key: Buffer): string {
  return createHash('sha256').update('raworc master key\n').update(key).digest('hex').slice(0, 32);
}

function missing({ masterKey }: Home, known: string): HomeError {
  return new HomeError(
    'master_key_missing',
    `${masterKey} is missing, and the secrets of this log are sealed under it (fingerprint ${known}). ` +
      'Restore it from a backup, or copy it from the home that made this log; a new one could read none of them.',
  );
}

function wrong({ masterKey }: Home, found: string, known: string): HomeError {
  return new HomeError(
    'master_key_wrong',
    `${masterKey} is not the key that the secrets of this log are sealed under: its fingerprint is ${found}, and the ` +
      `log's is ${known}. Put the right key there, or use the NATS or home that this key belongs to.`,
  );
}
