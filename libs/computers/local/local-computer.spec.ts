import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '../computer.js';
import { createLocalComputers } from './index.js';
import { bootId, readProcess } from './process-table.js';

describe('local computers on disk', () => {
  let root: string;
  let computers: Computers;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-local-'));
    computers = createLocalComputers({ root, mode: 'unsafe' });
    await computers.create({ sessionId: 'a' });
    await computers.start('a');
  });

  afterEach(async () => {
    await computers.destroy('a');
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  const inode = async (...path: string[]): Promise<number> => (await stat(join(root, 'a', ...path))).ino;

  it('are private to their user', async () => {
    for (const path of ['.', 'files', 'snapshots', 'files/data']) {
      expect((await stat(join(root, 'a', path))).mode & 0o777).toBe(0o700);
    }
    expect((await stat(join(root, 'a', 'computer.json'))).mode & 0o777).toBe(0o600);
  });

  it('share unchanged files between snapshots, and none with the live files', async () => {
    await computers.writeFile('a', 'data/same', 'same');
    await computers.writeFile('a', 'data/other', 'before');
    // So old that no later change could bear the same time.
    await computers.exec('a', ['sleep', '0.1'], { timeoutMs: 5_000, maxOutputBytes: 100 });
    const first = (await computers.snapshot('a')).snapshotId;
    await computers.writeFile('a', 'data/other', 'after');
    const second = (await computers.snapshot('a')).snapshotId;
    const copies = (path: string): Promise<number[]> =>
      Promise.all([
        inode('files', path),
        inode('snapshots', first, 'files', path),
        inode('snapshots', second, 'files', path),
      ]);
    const [live, sameFirst, sameSecond] = await copies('data/same');
    expect(sameFirst).toBe(sameSecond);
    expect(sameFirst).not.toBe(live);
    expect(new Set(await copies('data/other')).size).toBe(3);
    expect(await readFile(join(root, 'a', 'snapshots', first, 'files/data/other'), 'utf8')).toBe('before');
  });

  it('keep the holes of a sparse file', async () => {
    await computers.exec('a', ['truncate', '-s', '64M', 'data/sparse'], {
      timeoutMs: 5_000,
      maxOutputBytes: 100,
    });
    const { snapshotId, bytes } = await computers.snapshot('a');
    const copy = await stat(join(root, 'a', 'snapshots', snapshotId, 'files/data/sparse'));
    expect(bytes).toBe(64 * 1024 * 1024);
    expect(copy.size).toBe(bytes);
    expect(copy.blocks * 512).toBeLessThan(1024 * 1024);
  });

  it('do not end a stranger that got the number of a process of theirs', async () => {
    const stranger = spawn('sleep', ['300']);
    await once(stranger, 'spawn');
    const path = join(root, 'a', 'computer.json');
    const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const start_ticks = (readProcess(stranger.pid ?? 0)?.startTicks ?? 0) - 1;
    await writeFile(
      path,
      JSON.stringify({ ...record, processes: [{ pid: stranger.pid, start_ticks, boot_id: bootId() }] }),
    );

    await createLocalComputers({ root, mode: 'unsafe' }).stop('a');

    expect(readProcess(stranger.pid ?? 0)?.state).toBe('S');
    stranger.kill();
  });

  it('finish at start what a crash cut short', async () => {
    await computers.writeFile('a', 'data/new', 'restored');
    await computers.stop('a');
    await rename(join(root, 'a', 'files'), join(root, 'a', 'files.ready'));
    await computers.start('a');
    expect(Buffer.from(await computers.readFile('a', 'data/new')).toString()).toBe('restored');
  });

  it('leave nothing half made behind', async () => {
    const { snapshotId } = await computers.snapshot('a');
    await computers.restoreSnapshot('a', snapshotId);
    expect((await readdir(join(root, 'a'))).sort()).toEqual(['computer.json', 'files', 'snapshots']);
    expect(await readdir(join(root, 'a', 'snapshots'))).toEqual([snapshotId]);
  });

  it('can be found and destroyed when their record is damaged', async () => {
    await writeFile(join(root, 'a', 'computer.json'), '{ half');
    await expect(computers.start('a')).rejects.toMatchObject({
      code: 'file_not_readable',
      message: expect.stringContaining('damaged'),
    });
    expect(await computers.list()).toMatchObject([{ sessionId: 'a', running: false }]);
    await computers.destroy('a');
    expect(await computers.list()).toEqual([]);
  });

  it('refuse an environment that no process can have, without telling values', async () => {
    const refusedOnes: Record<string, string>[] = [{ 'A=B': 'secret' }, { '': 'secret' }, { A: 'secret\0' }];
    for (const env of refusedOnes) {
      const refused = computers.start('a', { env });
      await expect(refused).rejects.toMatchObject({
        code: 'command_refused',
        message: expect.not.stringContaining('secret'),
      });
    }
  });
});
