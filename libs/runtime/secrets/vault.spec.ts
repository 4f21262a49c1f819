import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createVault } from './vault.js';
import type { KeyStore, Vault } from './vault.js';

function memoryKeyStore(stored = new Map<string, string>()): KeyStore {
  return {
    get: async (id) => stored.get(id),
    create: async (id, wrapped) => {
      if (stored.has(id)) throw new Error('exists');
      stored.set(id, wrapped);
    },
    delete: async (id) => void stored.delete(id),
  };
}

const values = { ANTHROPIC_API_KEY: 'sk-ant-1', EMPTY: '', GREETING: 'grüß dich ✓' };
let stored: Map<string, string>;
let vault: Vault;

beforeEach(() => {
  stored = new Map();
  vault = createVault({ masterKey: randomBytes(32), keys: memoryKeyStore(stored) });
});

describe('createVault', () => {
  it('gives back what was sealed, and stores nothing in the clear', async () => {
    const sealed = await vault.seal('one', values);
    expect(await vault.open('one', sealed)).toEqual(values);
    expect(JSON.stringify([sealed, ...stored.values()])).not.toContain('sk-ant');
    expect(await vault.seal('one', values)).not.toEqual(sealed);
  });

  it('keeps no key for a session without secrets', async () => {
    expect(await vault.open('one', await vault.seal('one', {}))).toEqual({});
    expect(stored.size).toBe(0);
  });

  it('uses one key when several seal for the same new session', async () => {
    const sealed = await Promise.all(Array.from({ length: 5 }, () => vault.seal('one', values)));
    for (const each of sealed) expect(await vault.open('one', each)).toEqual(values);
  });

  it('refuses an altered value, one under another name, and one of another session', async () => {
    const sealed = await vault.seal('one', { A: 'a', B: 'b' });
    await vault.seal('two', { A: 'a' });
    const flipped = Buffer.from(sealed.A ?? '', 'base64');
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    const refused = { code: 'secrets_damaged' };
    await expect(vault.open('one', { A: flipped.toString('base64') })).rejects.toMatchObject(refused);
    await expect(vault.open('one', { A: sealed.B ?? '' })).rejects.toMatchObject(refused);
    await expect(vault.open('two', { A: sealed.A ?? '' })).rejects.toMatchObject(refused);
    await expect(vault.open('one', { A: 'AAAA' })).rejects.toMatchObject(refused);
  });

  it('refuses another master key', async () => {
    const sealed = await vault.seal('one', values);
    const other = createVault({ masterKey: randomBytes(32), keys: memoryKeyStore(stored) });
    await expect(other.open('one', sealed)).rejects.toMatchObject({ code: 'secrets_damaged' });
  });

  it('erases for good', async () => {
    const sealed = await vault.seal('one', values);
    await vault.destroy('one');
    await expect(vault.open('one', sealed)).rejects.toMatchObject({ code: 'secrets_erased' });
  });

  it('passes on a failure of the key store', async () => {
    const keys: KeyStore = {
      ...memoryKeyStore(),
      create: () => Promise.reject(new Error('log unreachable')),
    };
    const failing = createVault({ masterKey: randomBytes(32), keys });
    await expect(failing.seal('one', values)).rejects.toThrow('log unreachable');
  });
});
