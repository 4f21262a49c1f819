import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bubblewrapProblem } from './local/index.js';
import { dockerEngineProblem } from './docker/images/index.js';
import { dockerProblem } from './docker/index.js';
import { planComputers, selectComputers } from './select.js';

describe('selectComputers', () => {
  const { PATH: path, DOCKER_HOST: engine } = process.env;
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-select-'));
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    if (engine === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = engine;
    await rm(root, { recursive: true, force: true });
  });

  it('gives an unsandboxed driver to those who ask for it by name', async () => {
    expect((await selectComputers({ setting: 'local-unsafe', root })).driver).toBe('local-unsafe');
  });

  it.each(['auto', 'local'] as const)(
    'gives the sandbox for %s where it works and no engine answers, and else refuses',
    async (setting) => {
      process.env['DOCKER_HOST'] = `unix://${root}/no.sock`;
      const problem = await bubblewrapProblem();
      const selected = selectComputers({ setting, root });
      if (problem === undefined) expect((await selected).driver).toBe('local');
      else await expect(selected).rejects.toMatchObject({ code: 'driver_unavailable' });
    },
  );

  it('takes containers for auto where the engine answers and has the image', async () => {
    const ready = (await dockerProblem()) === undefined;
    if (ready) expect(await planComputers({ setting: 'auto' })).toEqual({ driver: 'docker' });
    else process.stderr.write('not shown, because no engine with the image of sessions is here: auto\n');
  });

  it('does not wait for an engine that is not there', async () => {
    process.env['DOCKER_HOST'] = `unix://${root}/no.sock`;
    const began = performance.now();
    await planComputers({ setting: 'auto' }).catch(() => undefined);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('goes without containers, and says so, when the engine lacks the image that was asked for', async () => {
    if ((await dockerEngineProblem()) !== undefined || (await bubblewrapProblem()) !== undefined) return;
    const notices: string[] = [];
    const onNotice = (message: string) => notices.push(message);
    const options = { setting: 'auto', root, image: 'raworc/not-built:latest', onNotice } as const;
    expect((await selectComputers(options)).driver).toBe('local');
    expect(notices).toEqual([expect.stringMatching(/^Sessions run without containers: .*not-built/)]);
  });

  it('says what to install and what else could be done where there is no sandbox', async () => {
    process.env['PATH'] = root;
    process.env['DOCKER_HOST'] = `unix://${root}/no.sock`;
    await expect(selectComputers({ setting: 'auto', root })).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(
        /bwrap is not installed.*Install bubblewrap.*Docker engine.*RAWORC_COMPUTERS=local-unsafe/,
      ),
    });
  });

  it('leaves no sessions in containers behind when their engine is away', async () => {
    process.env['DOCKER_HOST'] = `unix://${root}/no.sock`;
    const selected = selectComputers({ setting: 'auto', root, hasContainers: () => true });
    await expect(selected).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/engine does not answer.*\n.*are in containers.*RAWORC_COMPUTERS=local/),
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
