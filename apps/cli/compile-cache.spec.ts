import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runCli } from './testing/run-cli.js';

it('runs no compiled code from a folder that another user may have made', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'raworc-compiled-'));
  const [temporary, home] = [join(folder, 'tmp'), join(folder, 'home')];
  for (const path of [temporary, home]) mkdirSync(path);
  try {
    const env = { TMPDIR: temporary, HOME: home, XDG_CACHE_HOME: '' };
    expect(await runCli(['--version'], { env })).toMatchObject({ code: 0 });
    expect(readdirSync(temporary)).toEqual([]);
    expect(existsSync(join(home, '.cache', 'raworc', 'compiled'))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
