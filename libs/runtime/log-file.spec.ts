import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { mountSmallDisk } from '../../test/support/small-disk.js';
import { LogFile } from './log-file.js';

describe('a log file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'raworc-log-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is renamed when it has grown large, and loses no line of the last three', () => {
    const file = join(dir, 'service.log');
    const log = new LogFile(file, 1000);
    for (let n = 0; n < 40; n++) log.write(`${String(n).padStart(3, '0')} ${'x'.repeat(95)}\n`);
    expect(readdirSync(dir).sort()).toEqual(['service.log', 'service.log.1', 'service.log.2']);
    const text = ['.2', '.1', ''].map((end) => readFileSync(file + end, 'utf8')).join('');
    const numbers = text
      .trim()
      .split('\n')
      .map((line) => Number(line.slice(0, 3)));
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => 40 - numbers.length + n));
    expect(numbers.length).toBeGreaterThanOrEqual(20);
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  });
});

const NAME = 'drops lines while the disk is full, and says afterwards how many';
const disk = mountSmallDisk(1, NAME);
afterAll(() => disk?.remove());

(disk === undefined ? it.skip : it)(NAME, () => {
  if (disk === undefined) return;
  const file = join(disk.path, 'service.log');
  const log = new LogFile(file);
  log.write('before\n');
  disk.fill(0);
  const line = `${'x'.repeat(8191)}\n`;
  for (let n = 0; n < 3; n++) log.write(line);
  disk.free();
  log.write('after\n');
  log.write('and on\n');
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  expect(lines[0]).toBe('before');
  expect(lines.slice(-3)).toEqual([
    expect.stringContaining('3 lines could not be written'),
    'after',
    'and on',
  ]);
});
