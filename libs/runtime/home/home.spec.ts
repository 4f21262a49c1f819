import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureFolder, openHome } from './home.js';
import { ensureMasterKey, ensureToken } from './keys.js';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'raworc-home-'));
});

afterEach(() => rm(dir, { recursive: true }));

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe('openHome', () => {
  it('makes a private folder, and folders in it when they are needed', async () => {
    const home = await openHome(join(dir, 'a', 'home'));
    expect(await modeOf(home.root)).toBe(0o700);
    await expect(stat(home.views)).rejects.toMatchObject({ code: 'ENOENT' });
    await ensureFolder(home.natsStore);
    expect(await modeOf(home.nats)).toBe(0o700);
    expect(await modeOf(home.natsStore)).toBe(0o700);
  });

  it('makes an open folder private', async () => {
    const open = join(dir, 'open');
    await mkdir(open);
    await chmod(open, 0o755);
    await openHome(open);
    expect(await modeOf(open)).toBe(0o700);
  });

  it('says which folder cannot be written to, and what to do', async () => {
    await writeFile(join(dir, 'file'), '');
    const path = join(dir, 'file', 'home');
    await expect(openHome(path)).rejects.toMatchObject({
      code: 'home_not_writable',
      message: expect.stringContaining(`cannot write to ${path}`),
    });
  });

  it.each(['/', homedir(), tmpdir()])('refuses %s, which others use', async (path) => {
    await expect(openHome(path)).rejects.toMatchObject({ code: 'home_unsuitable' });
  });
});

describe('ensureToken and ensureMasterKey', () => {
  it('make private files once, even when many ask at the same time', async () => {
    const home = await openHome(dir);
    const tokens = await Promise.all(Array.from({ length: 8 }, () => ensureToken(home)));
    expect(new Set(tokens).size).toBe(1);
    expect(Buffer.from(tokens[0] ?? '', 'base64url')).toHaveLength(32);
    expect(await modeOf(home.token)).toBe(0o600);

    const key = await ensureMasterKey(home);
    expect(key).toHaveLength(32);
    expect(await ensureMasterKey(home)).toEqual(key);
    expect(await modeOf(home.masterKey)).toBe(0o600);
  });

  it('never replace a damaged master key', async () => {
    const home = await openHome(dir);
    await writeFile(home.masterKey, 'short');
    await expect(ensureMasterKey(home)).rejects.toMatchObject({ code: 'home_damaged' });
  });
});
