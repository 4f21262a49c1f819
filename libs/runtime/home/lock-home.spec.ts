import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHome } from './home.js';
import type { Home } from './home.js';
import { findHomeOwner, lockHome } from './lock-home.js';
import { identifyProcess } from './process-identity.js';

let home: Home;

beforeEach(async () => {
  home = await openHome(await mkdtemp(join(tmpdir(), 'raworc-lock-')));
});

afterEach(() => rm(home.root, { recursive: true }));

async function writeOwner(pid: number, identity: string | undefined): Promise<void> {
  await writeFile(`${home.lockFile}.4`, JSON.stringify({ pid, identity }));
}

describe('lockHome', () => {
  it('refuses a second service and names the first', async () => {
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toMatchObject({
      code: 'home_in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await findHomeOwner(home)).toBe(process.pid);
    await lock.release();
    expect(await findHomeOwner(home)).toBeUndefined();
  });

  it('can be taken again after a release', async () => {
    await (await lockHome(home)).release();
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toMatchObject({ code: 'home_in_use' });
    await lock.release();
  });

  it('respects the lock of a living process of another program', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    await writeOwner(child.pid ?? 0, await identifyProcess(child.pid ?? 0));
    await expect(lockHome(home)).rejects.toMatchObject({
      message: expect.stringContaining(String(child.pid)),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await lockHome(home)).release();
  });

  it('takes over when the pid now belongs to a process that started at another time', async () => {
    await writeOwner(process.pid, 'an earlier process');
    const lock = await lockHome(home);
    expect(await findHomeOwner(home)).toBe(process.pid);
    await lock.release();
  });

  it('lets exactly one of many starts take over a dead lock', async () => {
    await writeOwner(2 ** 22 + 1, 'dead');
    const starts = await Promise.allSettled(Array.from({ length: 20 }, () => lockHome(home)));
    expect(starts.filter((start) => start.status === 'fulfilled')).toHaveLength(1);
  });
});
