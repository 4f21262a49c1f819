import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '../computer.js';
import { createLocalComputers } from './index.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };
const SECRET_BYTES = 54_321;
const TRIES = 1_000;

describe('listing files of a local computer', () => {
  let root: string;
  let computers: Computers;
  const bash = async (command: string) => (await computers.shell('a')).run(command, LIMITS);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-listing-'));
    computers = createLocalComputers({ root, mode: 'unsafe' });
    await computers.create({ sessionId: 'a' });
    await computers.start('a');
  });

  afterEach(async () => {
    await computers.destroy('a');
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  it('tells nothing of the machine while a link and a folder change places', async () => {
    const outside = join(root, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'f'), 'x'.repeat(SECRET_BYTES));
    await bash(`mkdir data/x; echo in > data/x/f; ln -s ${outside} data/l`);
    const swap = 'rename "x", "y"; rename "l", "x"; rename "x", "l"; rename "y", "x"';
    await bash(`(cd data; exec perl -e 'while (1) { ${swap} }') &`);
    const seen = new Set<number>();
    for (let count = 0; count < TRIES; count++) {
      const found = await computers.listFiles('a', 'data/x/f').catch(() => []);
      for (const { bytes } of found) seen.add(bytes);
    }
    expect([...seen]).toEqual([3]);
  });

  it('refuses a folder that has too many of them', async () => {
    await bash('mkdir data/many; (cd data/many; seq 10000 | xargs touch)');
    expect(await computers.listFiles('a', 'data/many')).toHaveLength(10_000);
    await bash('touch data/many/more');
    await expect(computers.listFiles('a', 'data/many')).rejects.toMatchObject({
      code: 'file_too_large',
      message: expect.stringContaining('data/many has more than 10000 entries'),
    });
  });
});
