import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bubblewrapProblem } from './problem.js';
import { findProgram } from './programs.js';

const ROOT = process.geteuid?.() === 0;
const asRoot = ROOT ? it : it.skip;

describe('why there is no sandbox', () => {
  const { PATH: path } = process.env;
  let folder: string;

  /** A program of this name on a PATH of its own, with the real ones of `others` beside it. */
  async function install(name: string, script: string, others: string[]): Promise<void> {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
    for (const other of others) await symlink(findProgram(other) ?? '/missing', join(folder, other));
    process.env['PATH'] = folder;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-programs-'));
    await chmod(folder, 0o755);
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(folder, { recursive: true, force: true });
  });

  it('is that bubblewrap is missing', async () => {
    process.env['PATH'] = folder;
    expect(await bubblewrapProblem()).toMatch(/^the program bwrap is not installed\. Install bubblewrap/);
  });

  it('is what bubblewrap says when it fails, and not that it is missing', async () => {
    const script = 'case $1 in --help) echo --disable-userns;; *) echo "no way" >&2; exit 1;; esac';
    await install('bwrap', script, ['unshare', 'mount', 'nsenter', 'setpriv', 'chown', 'find']);
    expect(await bubblewrapProblem()).toBe('no way');
  });

  asRoot('is, for root, a bubblewrap that cannot forbid user namespaces', async () => {
    await install('bwrap', 'exec true', ['unshare', 'mount', 'nsenter', 'setpriv']);
    expect(await bubblewrapProblem()).toMatch(/runs as root.*--disable-userns.*Start Raworc as a plain user/);
  });

  asRoot('is, for root, a program of util-linux that is missing', async () => {
    await install('bwrap', 'exec true', ['unshare', 'mount', 'nsenter']);
    expect(await bubblewrapProblem()).toMatch(/needs setpriv .*Install util-linux/);
  });
});
