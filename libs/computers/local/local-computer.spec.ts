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

  /** The content of a file as a snapshot has it, on disk. */
  const objectOf = async (snapshotId: string, path: string): Promise<string> => {
    for await (const entry of computers.listSnapshot('a', snapshotId)) {
      if (entry.path !== path || entry.sha256 === undefined) continue;
      return join(root, 'a', 'snapshots', 'objects', entry.sha256.slice(0, 2), entry.sha256);
    }
    throw new Error(`no ${path} in ${snapshotId}`);
  };

  it('share unchanged files between snapshots, and none with the live files', async () => {
    await computers.writeFile('a', 'data/same', 'same');
    await computers.writeFile('a', 'data/other', 'before');
    const first = (await computers.snapshot('a')).snapshotId;
    await computers.writeFile('a', 'data/other', 'after');
    const second = (await computers.snapshot('a')).snapshotId;
    const [same, ...others] = await Promise.all([
      objectOf(first, 'data/same'),
      objectOf(first, 'data/other'),
      objectOf(second, 'data/other'),
    ]);
    expect(await objectOf(second, 'data/same')).toBe(same);
    expect((await stat(same)).ino).not.toBe(await inode('files', 'data/same'));
    expect((await stat(same)).mode & 0o777).toBe(0o600);
    expect(await Promise.all(others.map((place) => readFile(place, 'utf8')))).toEqual(['before', 'after']);
  });

  it('keep the holes of a sparse file', async () => {
    await computers.exec('a', ['truncate', '-s', '64M', 'data/sparse'], {
      timeoutMs: 5_000,
      maxOutputBytes: 100,
    });
    const { snapshotId, bytes } = await computers.snapshot('a');
    const copy = await stat(await objectOf(snapshotId, 'data/sparse'));
    expect(bytes).toBe(64 * 1024 * 1024);
    expect(copy.size).toBe(bytes);
    expect(copy.blocks * 512).toBeLessThan(1024 * 1024);
  });

  it('replace content that a crash of the machine cut off', async () => {
    await computers.writeFile('a', 'data/f', 'content');
    const { snapshotId } = await computers.snapshot('a');
    await writeFile(await objectOf(snapshotId, 'data/f'), 'con');
    await computers.writeFile('a', 'data/f', 'content');
    const again = await computers.snapshot('a');
    expect(await readFile(await objectOf(again.snapshotId, 'data/f'), 'utf8')).toBe('content');
  });

  it('write a whole list of the files again when there are many differences', async () => {
    for (let n = 0; n < 200; n++) await computers.writeFile('a', `data/file-${n}`, `${n}`);
    let last = '';
    for (let n = 0; n < 70; n++) {
      await computers.writeFile('a', 'data/changing', `${n}`);
      last = (await computers.snapshot('a')).snapshotId;
    }
    const folder = join(root, 'a', 'snapshots', 'manifests');
    const headers = await Promise.all(
      (await readdir(folder)).sort().map(async (name) => {
        const [header = ''] = (await readFile(join(folder, name), 'utf8')).split('\n', 1);
        return JSON.parse(header) as { parent: string | null; depth: number };
      }),
    );
    expect(headers.filter(({ parent }) => parent === null)).toHaveLength(2);
    expect(Math.max(...headers.map(({ depth }) => depth))).toBe(63);
    const another = createLocalComputers({ root, mode: 'unsafe' });
    expect(await another.snapshot('a')).toMatchObject({ changed: { added: 0, modified: 0, removed: 0 } });
    expect(Buffer.from(await another.readSnapshotFile('a', last, 'data/changing')).toString()).toBe('69');
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
    expect(await readdir(join(root, 'a', 'snapshots', 'manifests'))).toEqual([`${snapshotId}.jsonl`]);
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
