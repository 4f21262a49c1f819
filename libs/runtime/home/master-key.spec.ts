import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHome, type Home } from './home.js';
import { openMasterKey, type FingerprintStore } from './master-key.js';

let root: string;
let home: Home;
let values: Map<string, string>;
let store: FingerprintStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'raworc-key-'));
  home = await openHome(join(root, 'home'));
  values = new Map();
  store = {
    get: async (name) => values.get(name),
    create: async (name, value) => void values.set(name, value),
  };
});
afterEach(() => rm(root, { recursive: true }));

describe('the master key', () => {
  it('is made with a new log, and is the same at the next start', async () => {
    const key = await openMasterKey(home, store);
    expect(key).toHaveLength(32);
    expect(await openMasterKey(home, store)).toEqual(key);
    const [kept = ''] = values.values();
    expect(key.toString('hex')).not.toContain(kept);
  });

  it('that is missing is not made anew where the log has secrets under another', async () => {
    await openMasterKey(home, store);
    await rm(home.masterKey);
    const refused = openMasterKey(home, store);
    await expect(refused).rejects.toMatchObject({ code: 'master_key_missing' });
    await expect(stat(home.masterKey)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('of another home is refused, with both fingerprints; the right one is taken again', async () => {
    const key = await openMasterKey(home, store);
    const right = await readFile(home.masterKey, 'utf8');
    const other = await openHome(join(root, 'other'));
    await openMasterKey(other, { get: async () => undefined, create: async () => undefined });
    await writeFile(home.masterKey, await readFile(other.masterKey));
    const [known = ''] = values.values();
    const message = expect.stringContaining(known);
    await expect(openMasterKey(home, store)).rejects.toMatchObject({ code: 'master_key_wrong', message });
    await writeFile(home.masterKey, right);
    expect(await openMasterKey(home, store)).toEqual(key);
  });
});
