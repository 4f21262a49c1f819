import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import type { Computers } from '../computer.js';
import { createLocalComputers } from './index.js';

const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 1_000 };
const DRIVER = resolve(import.meta.dirname, '../../../dist/libs/computers/local/index.js');
/** Another process of the service. */
const PROGRAM = `
  const [driver, root] = process.argv.slice(1);
  const { createLocalComputers } = await import(driver);
  await createLocalComputers({ root, mode: 'unsafe' }).snapshot('a');
`;

describe('what is cut off by kill -9', () => {
  let root: string;
  let computers: Computers;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-cut-off-'));
    computers = createLocalComputers({ root, mode: 'unsafe' });
    await computers.create({ sessionId: 'a' });
    await computers.start('a');
  });
  afterEach(async () => {
    await computers.destroy('a');
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  const bash = (command: string) => computers.exec('a', ['bash', '-c', command], LIMITS);
  /** Takes a snapshot in another process, which is killed as soon as `when` holds. */
  const killedSnapshot = async (when: () => boolean): Promise<void> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, DRIVER, root], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = new Promise((done) => child.on('exit', (_, signal) => done(signal)));
    while (!when() && child.exitCode === null) await new Promise((again) => setImmediate(again));
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
  };
  const objects = (): string[] => {
    const folder = join(root, 'a/snapshots/objects');
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort();
  };
  const named = async (...ids: string[]): Promise<string[]> => {
    const found = new Set<string>();
    for (const id of ids) {
      for await (const { sha256 } of computers.listSnapshot('a', id)) if (sha256) found.add(sha256);
    }
    return [...found].sort();
  };

  it('leaves the store of snapshots whole, and what it stored is swept', async () => {
    await bash('echo first > data/first');
    const first = await computers.snapshot('a');
    await bash('for i in {1..4000}; do echo content $i > data/$i; done');
    await killedSnapshot(() => objects().length > 300);
    const cutOff = objects().length;
    expect(cutOff).toBeLessThan(4_001);

    expect(Buffer.from(await computers.readSnapshotFile('a', first.snapshotId, 'data/first'))).toEqual(
      Buffer.from('first\n'),
    );
    await bash('cd data; rm {1..3990}');
    const second = await computers.snapshot('a');
    expect(second.files).toBe(11);
    expect(objects()).toEqual(await named(first.snapshotId, second.snapshotId));
    expect(await readdir(join(root, 'a/snapshots/manifests'))).toHaveLength(2);
    await bash('rm data/*');
    await computers.restoreSnapshot('a', second.snapshotId);
    expect(Buffer.from(await computers.readFile('a', 'data/4000')).toString()).toBe('content 4000\n');
  });

  it('is removed after the next start, when it was the removal of a computer', async () => {
    const left = join(root, '.discarded/left');
    await mkdir(join(left, 'files'), { recursive: true });
    await writeFile(join(left, 'files/f'), 'x');
    const next = createLocalComputers({ root, mode: 'unsafe' });
    expect(await next.list()).toMatchObject([{ sessionId: 'a' }]);
    await eventually(async () => !existsSync(left));
    await next.dispose();
  });

  it('is nothing of a computer that is destroyed: it is gone at once, and its files a little later', async () => {
    await bash(
      'for i in {1..2000}; do echo $i > data/$i; done; mkdir code/closed; touch code/closed/f; chmod 0 code/closed',
    );
    await computers.destroy('a');
    expect(await computers.list()).toEqual([]);
    expect(existsSync(join(root, 'a'))).toBe(false);
    await eventually(async () => readdirSync(join(root, '.discarded')).length === 0);
  });
});
