import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { DESKTOP_IMAGE, describeWithDocker } from '../support/needs.js';
import { processesNaming } from '../support/processes.js';

const TOUR = resolve(import.meta.dirname, '../../dist/apps/demo/main.js');

function play(settings: NodeJS.ProcessEnv): Promise<{ output: string; exitCode: number | null }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [TOUR], {
      env: { ...env, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', fail);
    child.once('close', (exitCode) => done({ output, exitCode }));
  });
}

describe('the guided tour', () => {
  it('tells the whole story, with programs that really ran', async () => {
    // Programs that decide by CI whether to colour do so in files and pipes, too.
    const { output, exitCode } = await play({ RAWORC_COMPUTERS: 'local-unsafe', CI: 'true' });
    expect(output).toMatch(/Without a sandbox.* run with your own rights/);
    expect(output).toContain('Quicksort is in code/quicksort');
    expect(output).toContain('It sorts a thousand random numbers correctly.');
    expect(output).toContain('1000 random numbers: sorted correctly');
    expect(output).toContain('Merge sort is in code/mergesort');
    expect(output).toMatch(/1,? 2,? 3,? 5,? 8,? 9/);
    expect(output).toContain('session.closed');
    expect(output).toContain('That was the tour');
    expect(output).not.toContain('\x1b');
    expect(exitCode).toBe(0);
  }, 120_000);
});

describe('the guided tour that ends early', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'raworc-tour-test-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Plays until the output has this text. */
  async function playUntil(text: string) {
    const { NODE_OPTIONS: _, ...env } = process.env;
    const child = spawn(process.execPath, [TOUR], {
      env: { ...env, RAWORC_COMPUTERS: 'local-unsafe', TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let output = '';
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += String(chunk);
      if (output.includes(text)) break;
    }
    child.stdout.resume();
    return { child, ended };
  }

  const nothingIsLeft = async () =>
    (await readdir(folder)).every((name) => !name.startsWith('raworc-')) &&
    (await processesNaming(folder)).length === 0;

  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['a closed window', 'SIGHUP', 129],
  ] as const)(
    'by %s leaves nothing behind',
    async (_, signal, exitCode) => {
      const { child, ended } = await playUntil('Closing ends its processes');
      expect(await processesNaming(folder)).not.toEqual([]);
      child.kill(signal);
      expect(await ended).toEqual([exitCode, null]);
      expect(await nothingIsLeft()).toBe(true);
    },
    120_000,
  );

  it('because nobody reads on leaves nothing behind', async () => {
    const { child, ended } = await playUntil('Closing ends its processes');
    child.stdout.destroy();
    expect((await ended)[0]).not.toBe(0);
    expect(await nothingIsLeft()).toBe(true);
  }, 120_000);

  it.each(['1. A session is', '> Now test it'])(
    'by a kill at "%s" leaves nothing behind a moment later',
    async (text) => {
      const { child, ended } = await playUntil(text);
      child.kill('SIGKILL');
      await ended;
      await eventually(nothingIsLeft);
    },
    120_000,
  );
});

describeWithDocker(
  'the guided tour in containers',
  () => {
    it('writes a page, opens it on the desktop, clicks, types, and shows the screen', async () => {
      const { output, exitCode } = await play({});
      expect(output).toContain('1000 random numbers: sorted correctly');
      expect(output).toContain('clicks at 320,540');
      expect(output).toContain('Guest book, signed 1 time');
      const picture = /^\/.*guestbook\.jpg$/m;
      expect(output).toMatch(picture);
      const bytes = await readFile(picture.exec(output)?.[0] ?? '');
      expect(bytes.subarray(0, 2).toString('hex')).toBe('ffd8');
      expect(exitCode).toBe(0);
    }, 180_000);
  },
  DESKTOP_IMAGE,
);
