import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Config } from '#runtime';
import { mayHaveContainers } from './engine-traces.js';

describe('a home whose engine does not answer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-traces-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const asked = (env: NodeJS.ProcessEnv = {}, computers: Config['computers'] = 'auto'): boolean =>
    mayHaveContainers({ root: folder }, { computers }, { PATH: folder, ...env }, join(folder, 'my.sock'));

  it('has no containers where there is no trace of an engine', () => {
    expect(asked()).toBe(false);
    expect(asked({ PATH: undefined, DOCKER_HOST: '' }, 'local')).toBe(false);
  });

  it('may have some where an engine is named or wanted', () => {
    expect(asked({ DOCKER_HOST: 'tcp://elsewhere:2375' })).toBe(true);
    expect(asked({}, 'docker')).toBe(true);
  });

  it.each(['docker', 'dockerd', 'containers.settings.json', 'my.sock'])(
    'may have some where there is %s',
    async (file) => {
      await writeFile(join(folder, file), '');
      expect(asked()).toBe(true);
    },
  );
});
