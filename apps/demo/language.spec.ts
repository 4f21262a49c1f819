import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { availableLanguage } from './language.js';

describe('the language of the tour', () => {
  const { PATH } = process.env;
  let bin: string;
  beforeEach(async () => {
    bin = await mkdtemp(join(tmpdir(), 'raworc-bin-'));
    process.env['PATH'] = bin;
  });
  afterEach(async () => {
    process.env['PATH'] = PATH;
    await rm(bin, { recursive: true });
  });
  const install = (program: string) => writeFile(join(bin, 'python3'), program, { mode: 0o755 });

  it('is Python where a session without a sandbox finds one', async () => {
    await install('#!/bin/sh\nexit 0\n');
    expect(availableLanguage('local-unsafe').name).toBe('Python');
  });

  it('is Bash where there is no Python, or one that does not run', async () => {
    expect(availableLanguage('local-unsafe').name).toBe('Bash');
    await install('#!/bin/sh\nexit 1\n');
    expect(availableLanguage('local-unsafe').name).toBe('Bash');
  });

  it('is Python in containers, whatever this machine has', () => {
    expect(availableLanguage('docker').name).toBe('Python');
  });
});
