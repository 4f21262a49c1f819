import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { OutputPipe, makePipes } from './output-pipe.js';

const MIB = 1024 * 1024;
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

  /** Runs a program whose output goes to the pipe. Gives how often a timer of 4 ms came to its turn meanwhile. */
  async function flood(bytes: number): Promise<{ read: number; turns: number; most: number }> {
    let [read, turns, most] = [0, 0, 0];
    const pipe = await OutputPipe.open(tmpdir(), (chunk) => (read += chunk.length), undefined);
    const before = process.memoryUsage().arrayBuffers;
    const timer = setInterval(() => {
      turns += 1;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 4);
    const child = spawn('head', ['-c', String(bytes), '/dev/zero'], {
      stdio: ['ignore', pipe.writeFd, 'ignore'],
    });
    pipe.releaseWriteEnd();
    await eventually(async () => read === bytes);
    clearInterval(timer);
    child.kill();
    pipe.close();
    return { read, turns, most };
  }

  it('lets all else have its turn after each MiB, and takes up no memory for what is read', async () => {
    const { turns, most } = await flood(96 * MIB);
    // A rest after each MiB is longer than the time of the timer.
    expect(turns).toBeGreaterThanOrEqual(95);
    expect(most).toBeLessThan(8 * MIB);
  });
});
