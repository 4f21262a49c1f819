import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pack } from './pack.js';

describe('a packed folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-pack-'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM nothing');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is whole for who begins to read after tar has ended', async () => {
    const { bytes, packed } = pack(folder, ['Dockerfile']);
    await packed;
    expect((await buffer(bytes)).includes('FROM nothing')).toBe(true);
  });

  it('that misses a file says what tar said', async () => {
    const { bytes, packed } = pack(folder, ['Dockerfile', 'nowhere.txt']);
    bytes.resume();
    await expect(packed).rejects.toThrow(/could not pack .*nowhere\.txt/s);
  });
});
