import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { DiscardedFolders } from './discarded-folders.js';
import { removeTrees } from './remove-tree.js';

const FOLDERS = 60;

describe('folders that are discarded', () => {
  let root: string;
  let discarded: DiscardedFolders;
  let warnings: unknown[];
  /** The folders that each program was given. */
  let given: (readonly string[])[];
  let unremovable: string | undefined;
  const logger = { info: () => undefined, warn: (...said: unknown[]) => warnings.push(said) };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-discarded-'));
    [warnings, given, unremovable] = [[], [], undefined];
    discarded = new DiscardedFolders(root, logger, async (paths, signal) => {
      given.push(paths);
      await removeTrees(
        paths.filter((path) => path !== unremovable),
        signal,
      );
      if (paths.some((path) => path === unremovable)) throw new Error('the device is busy');
    });
  });
  afterEach(async () => {
    await discarded.end();
    execFileSync('bash', ['-c', 'chmod -R u+rwx "$0"; rm -rf "$0"', root]);
  });

  const left = (): string[] => readdirSync(join(root, '.discarded'));
  async function fill(name: string): Promise<string> {
    const folder = join(root, name);
    await mkdir(join(folder, 'files'), { recursive: true });
    await writeFile(join(folder, 'files/f'), name);
    return folder;
  }

  it('are removed by a few programs, however many they are', async () => {
    await discarded.resume();
    const folders = await Promise.all(Array.from({ length: FOLDERS }, (_, n) => fill(`session-${n}`)));
    await Promise.all(folders.map((folder) => discarded.add(folder)));
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    await eventually(async () => left().length === 0);
    expect(given.flat()).toHaveLength(FOLDERS);
    expect(given.length).toBeLessThan(10);
  });

  it('go although one among them stays, of which the log tells', async () => {
    const stays = await fill('.discarded/stays');
    unremovable = stays;
    for (const name of ['first', 'second']) await fill(`.discarded/${name}`);
    await discarded.resume();
    await eventually(async () => warnings.length > 0);
    expect(left()).toEqual(['stays']);
    expect(warnings).toMatchObject([
      [{ folder: stays }, expect.stringContaining('the next start tries again')],
    ]);
    await discarded.add(await fill('after'));
    await eventually(async () => given.length === 2 && left().length === 1);
  });

  it('may be deep, closed and full of links, whose targets stay', async () => {
    const target = await fill('target');
    const folder = await fill('hostile');
    await symlink(target, join(folder, 'files/link'));
    const make = String.raw`cd "$0/files"; mkfifo $'pipe-\xff'; mkdir closed; touch closed/f; chmod 000 closed
      for i in {1..60}; do mkdir -p $(printf 'd%.0s/' {1..60}); cd d/d/d/d/d/d; done; touch f; chmod 0 .`;
    execFileSync('bash', ['-c', make, folder]);
    await discarded.add(folder);
    await eventually(async () => left().length === 0);
    expect(warnings).toEqual([]);
    expect(await readFile(join(target, 'files/f'), 'utf8')).toBe('target');
  });
});
