import { randomBytes } from 'node:crypto';
import { RuntimeError } from '../errors.js';
import { openBox, sealBox } from './box.js';

/** Where the wrapped data keys are kept: apart from the log, so that they can be destroyed. */
export interface KeyStore {
  get(sessionId: string): Promise<string | undefined>;
  /** Rejects when the session has a key already: of two writers, one must lose. */
  create(sessionId: string, wrapped: string): Promise<void>;
  /** Does nothing when there is none. */
  delete(sessionId: string): Promise<void>;
}

/** Secrets as they may be stored: name to base64 of iv, tag and ciphertext. */
export type SealedSecrets = Record<string, string>;

export type VaultErrorCode = 'secrets_erased' | 'secrets_damaged';

export class VaultError extends RuntimeError {
  constructor(
    override readonly code: VaultErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export interface Vault {
  seal(sessionId: string, values: Record<string, string>): Promise<SealedSecrets>;
  /**
   * @throws {VaultError} `secrets_erased` after `destroy`; `secrets_damaged` when a value was altered, moved from
   * another session or name, or sealed under another master key.
   */
  open(sessionId: string, sealed: SealedSecrets): Promise<Record<string, string>>;
  /** Makes everything sealed for the session unreadable for ever, wherever copies of it are. */
  destroy(sessionId: string): Promise<void>;
}

/** Encrypts sessions' secrets (AES-256-GCM), each session under a key of its own that the master key wraps. */
export function createVault({ masterKey, keys }: { masterKey: Buffer; keys: KeyStore }): Vault {
  async function findKey(sessionId: string): Promise<Buffer | undefined> {
    const wrapped = await keys.get(sessionId);
    if (wrapped === undefined) return undefined;
    return guard(sessionId, () => openBox(masterKey, wrapped, ['key', sessionId]));
  }

  async function findOrCreateKey(sessionId: string): Promise<Buffer> {
    const existing = await findKey(sessionId);
    if (existing) return existing;
    const wrapped = sealBox(masterKey, randomBytes(32), ['key', sessionId]);
    try {
      await keys.create(sessionId, wrapped);
    } catch (error) {
      // Another writer may have been faster; its key is the one then.
      const stored = await findKey(sessionId);
      if (stored) return stored;
      throw error;
    }
    // Read back rather than assumed: what the store holds is what can be opened later.
    const stored = await findKey(sessionId);
    if (!stored) throw erased(sessionId);
    return stored;
  }

  return {
    async seal(sessionId, values) {
      const names = Object.keys(values);
      if (names.length === 0) return {};
      const key = await findOrCreateKey(sessionId);
      return mapValues(values, (name, value) =>
        sealBox(key, Buffer.from(value), ['secret', sessionId, name]),
      );
    },
    async open(sessionId, sealed) {
      if (Object.keys(sealed).length === 0) return {};
      const key = await findKey(sessionId);
      if (!key) throw erased(sessionId);
      return guard(sessionId, () =>
        mapValues(sealed, (name, box) => openBox(key, box, ['secret', sessionId, name]).toString()),
      );
    },
    destroy: (sessionId) => keys.delete(sessionId),
  };
}

function mapValues(record: Record<string, string>, map: (name: string, value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(name, value)]));
}

function guard<T>(sessionId: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const message = `The secrets of session ${sessionId} cannot be decrypted: they were altered, or sealed under another master key. Restore the master key they were sealed with, or set the secrets again.`;
    throw new VaultError('secrets_damaged', message, { cause });
  }
}

function erased(sessionId: string): VaultError {
  const message = `The secrets of session ${sessionId} were erased and cannot be recovered. Set them again if they are needed.`;
  return new VaultError('secrets_erased', message);
}
