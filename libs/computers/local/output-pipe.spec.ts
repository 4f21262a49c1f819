import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { makePipes } from './output-pipe.js';

const { PATH } = process.env;

afterEach(() => {
  process.env['PATH'] = PATH;
});

describe('a pipe for output', () => {
  it('says which program is missing to make one, and what to install', async () => {
    process.env['PATH'] = '/nowhere';
    await expect(makePipes(join(tmpdir(), 'pipe'))).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/mkfifo is missing.*Install coreutils/),
    });
  });

  it('says why it could not be made', async () => {
    await expect(makePipes(join(tmpdir(), 'no', 'such', 'folder'))).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/A pipe could not be made: .*No such file or directory/),
    });
  });
});
