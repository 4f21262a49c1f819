import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { diskUsageOf } from './disk-usage.js';

describe('what files take up', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-usage-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function makeEmpty(folder: string, count: number): Promise<void> {
    await mkdir(join(root, folder));
    for (let made = 0; made < count; made += 500) {
      const names = Array.from({ length: 500 }, (_, index) => String(made + index));
      await Promise.all(names.map((name) => writeFile(join(root, folder, name), '')));
    }
  }

  it('is their share of the entries that the disk has room for, where they are many and empty', async () => {
    const { blocks, bsize, files } = await statfs(root);
    await makeEmpty('few', 9_500);
    const few = await diskUsageOf(root);
    expect(few.bytes).toBeLessThan(8 * 1024 * 1024);
    await makeEmpty('many', 9_500);
    const many = await diskUsageOf(root);
    const perEntry = files === 0 ? 0 : Math.floor((blocks * bsize) / files);
    expect(many.complete).toBe(true);
    expect(many.bytes).toBeGreaterThanOrEqual(9_000 * perEntry);
  });
});
