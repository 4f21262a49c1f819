import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const TOUR = resolve(import.meta.dirname, '../../dist/apps/demo/main.js');

function play(): Promise<{ output: string; exitCode: number | null }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [TOUR], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', fail);
    child.once('close', (exitCode) => done({ output, exitCode }));
  });
}

describe('the guided tour', () => {
  it('tells the whole story, with programs that really ran', async () => {
    const { output, exitCode } = await play();
    expect(output).toContain('Quicksort is in code/quicksort');
    expect(output).toContain('It sorts a thousand random numbers correctly.');
    expect(output).toContain('1000 random numbers: sorted correctly');
    expect(output).toContain('Merge sort is in code/mergesort');
    expect(output).toMatch(/1,? 2,? 3,? 5,? 8,? 9/);
    expect(output).toContain('session.closed');
    expect(output).toContain('That was the tour');
    expect(exitCode).toBe(0);
  }, 120_000);
});
