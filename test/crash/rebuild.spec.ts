import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMemoryStore, type EventStore } from '#event-store';
import { messagesProjection } from '#projections/messages';
import { dump, Views } from '#projections/runner';
import { sessionsProjection } from '#projections/sessions';
import { unreadableProjection } from '#projections/unreadable';
import { appendAll, randomHistory, sourceWorker } from '../../projections/testing/index.js';

const PROGRAM = fileURLToPath(new URL('../../projections/testing/rebuilding-process.ts', import.meta.url));
const projections = [sessionsProjection, messagesProjection, unreadableProjection];
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let store: EventStore;
let launch: { args: string[]; logFile: string };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'raworc-rebuild-'));
  ({ store } = createMemoryStore());
  let seed = 7;
  const dice = (n: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  await appendAll(store, randomHistory(dice, 4, 60));
  const { execArgv = [], logOptions } = await sourceWorker(store, folder);
  const args = ['--experimental-transform-types', '--no-warnings', '--conditions=raworc-source', ...execArgv];
  launch = { args, logFile: String(logOptions) };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The steps of a rebuild, each with a copy of the views as a kill at this step leaves them. */
function rebuild(dir: string, death = 0): Promise<{ steps: string[]; signal: string | null }> {
  const args = [...launch.args, PROGRAM, dir, join(folder, 'copies'), launch.logFile, String(death)];
  const env = { ...process.env, NODE_OPTIONS: '' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      const signal = error?.signal ?? null;
      if (error !== null && signal === null) reject(new Error(stderr));
      else resolve({ steps: signal === null ? (JSON.parse(stdout) as string[]) : [], signal });
    });
  });
}

/** What the next life makes of a folder. */
async function nextLife(dir: string): Promise<string> {
  const views = await Views.open({ log: store, dir, projections, logger: silent });
  try {
    expect(await views.caughtUp(10_000)).toBe(true);
    expect(existsSync(join(dir, 'views.rebuild.db'))).toBe(false);
    return [...dump(join(dir, 'views.db'))].join('');
  } finally {
    await views.close();
  }
}

describe('A rebuild of the views that is killed', () => {
  it('leaves views that the next life brings to what they are, at whichever step', async () => {
    const expected = await nextLife(join(folder, 'expected'));
    const { steps } = await rebuild(join(folder, 'views'));
    expect(steps.length).toBeGreaterThan(50);
    expect(steps).toEqual(
      expect.arrayContaining(['fs.renameSync', 'fs.rmSync', 'fs.fsyncSync', 'log.followBatches', 'done']),
    );
    for (const [index, step] of steps.entries()) {
      const dumped = await nextLife(join(folder, 'copies', String(index + 1)));
      expect({ step, same: dumped === expected }).toEqual({ step, same: true });
    }
  }, 60_000);

  it('leaves the same on the disk as the copies have, when it is really killed', async () => {
    const expected = await nextLife(join(folder, 'expected'));
    const dir = join(folder, 'views');
    const { steps } = await rebuild(dir);
    const swap = steps.indexOf('fs.renameSync') + 1;
    for (const death of [swap, Math.floor(swap / 2)]) {
      const killed = join(folder, `killed-${death}`);
      cpSync(join(folder, 'copies', '1'), killed, { recursive: true });
      rmSync(join(folder, 'copies'), { recursive: true });
      expect((await rebuild(killed, death)).signal).toBe('SIGKILL');
      expect(await nextLife(killed)).toBe(expected);
      await rebuild(dir);
    }
  }, 60_000);
});
