import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bubblewrapProblem } from './local/index.js';
import { selectComputers } from './select.js';

describe('selectComputers', () => {
  const path = process.env['PATH'];
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-select-'));
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(root, { recursive: true, force: true });
  });

  it('gives an unsandboxed driver to those who ask for it by name', async () => {
    expect((await selectComputers({ setting: 'local-unsafe', root })).driver).toBe('local-unsafe');
  });

  it.each(['auto', 'local'] as const)(
    'gives the sandbox for %s where it works, and else refuses',
    async (setting) => {
      const selected = selectComputers({ setting, root });
      if ((await bubblewrapProblem()) === undefined) expect((await selected).driver).toBe('local');
      else await expect(selected).rejects.toMatchObject({ code: 'driver_unavailable' });
    },
  );

  it('says what to install and what else could be done where there is no sandbox', async () => {
    process.env['PATH'] = root;
    await expect(selectComputers({ setting: 'auto', root })).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(
        /bwrap is not installed.*Install bubblewrap.*RAWORC_COMPUTERS=local-unsafe/,
      ),
    });
  });

  it('says what containers need where they cannot run', async () => {
    const selected = selectComputers({ setting: 'docker', root, image: 'raworc/not-built:latest' });
    await expect(selected).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/Docker|image/),
    });
  });
});
