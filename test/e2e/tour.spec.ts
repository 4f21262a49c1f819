import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DESKTOP_IMAGE, describeWithDocker } from '../support/needs.js';

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

describeWithDocker(
  'the guided tour in containers',
  () => {
    it('writes a page, opens it on the desktop, clicks, types, and shows the screen', async () => {
      const { output, exitCode } = await play({});
      expect(output).toContain('1000 random numbers: sorted correctly');
      expect(output).toContain('clicks at 320,540');
      expect(output).toContain('Guest book, signed 1 time');
      const picture = /^\/.*raworc-tour\.jpg$/m;
      expect(output).toMatch(picture);
      const bytes = await readFile(picture.exec(output)?.[0] ?? '');
      expect(bytes.subarray(0, 2).toString('hex')).toBe('ffd8');
      expect(exitCode).toBe(0);
    }, 180_000);
  },
  DESKTOP_IMAGE,
);
