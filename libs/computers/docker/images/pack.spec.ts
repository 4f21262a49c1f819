import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../../test/support/eventually.js';
import { pack } from './pack.js';
import { childProcesses } from './testing.js';

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

  it('that nobody reads any more ends tar', async () => {
    const others = childProcesses();
    await writeFile(join(folder, 'large'), '');
    await truncate(join(folder, 'large'), 64 * 1024 * 1024);
    const { bytes, stop } = pack(folder, ['large']);
    await once(bytes, 'readable');
    expect(childProcesses()).toBe(others + 1);
    await stop();
    await eventually(async () => childProcesses() === others);
    expect(bytes.destroyed).toBe(true);
  });
});
