import { appendFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openShell, type UserShell } from '../support/shell.js';

const ROOT = resolve(import.meta.dirname, '../..');
const COPIED = ['apps', 'libs', 'projections', 'test/bench', 'dist', '.swcrc', 'nest-cli.json'];

describe('a checkout after a pull', () => {
  let checkout: string;
  let shell: UserShell;
  const raworc = (args: string) => shell.run(`"${checkout}/apps/cli/bin/raworc.mjs" ${args}`);

  beforeEach(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'raworc-checkout-'));
    const files = [...COPIED, 'package.json', 'package-lock.json', 'oclif.manifest.json'];
    const options = { recursive: true, preserveTimestamps: true };
    await Promise.all(files.map((file) => cp(join(ROOT, file), join(checkout, file), options)));
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    await mkdir(join(checkout, '.git/logs'), { recursive: true });
    await writeFile(join(checkout, '.git/logs/HEAD'), 'clone\n');
    shell = await openShell();
  });
  afterEach(async () => {
    await shell.dispose();
    await rm(checkout, { recursive: true, force: true });
  });

  it('is built once by the first commands, which say when the service is of the build before', async () => {
    expect(await raworc('start')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/^Commands of sessions are not confined.*\n$/),
    });
    const before = await raworc('status --json');
    expect(JSON.parse(before.stdout)).toMatchObject({ running: true, other_build: false });
    expect((await raworc('doctor')).stdout).toMatch(/✓ service build/);

    const changed = join(checkout, 'apps/service/notice.ts');
    await appendFile(changed, '\nexport const pulled = true;\n');
    await appendFile(join(checkout, '.git/logs/HEAD'), 'pull\n');
    const [status, again] = await Promise.all([raworc('status'), raworc('status')]);
    const told = `${status.stderr}${again.stderr}`;
    expect(told.match(/Building …/g)).toHaveLength(1);
    for (const { exitCode, stderr } of [status, again]) {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('another build') });
    }
    const { stdout } = await raworc('status --json');
    expect(JSON.parse(stdout)).toMatchObject({ running: true, other_build: true });
    expect(await raworc('start')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('The running service is of another build'),
    });
    expect((await raworc('doctor')).stdout).toMatch(
      /✗ service build .*\n +→ .*raworc stop, then raworc start/,
    );

    await raworc('stop');
    expect(await raworc('start')).toMatchObject({
      exitCode: 0,
      stderr: expect.not.stringMatching(/another build|Building/),
    });
    expect(JSON.parse((await raworc('status --json')).stdout)).toMatchObject({ other_build: false });
    await raworc('stop');
  }, 120_000);
});
