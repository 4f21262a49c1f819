import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.js';

describe('createLogger', () => {
  it('writes JSON lines without secrets', () => {
    const lines: string[] = [];
    const logger = createLogger({
      name: 'test',
      level: 'info',
      stream: { write: (line) => lines.push(line) },
    });
    logger.info(
      { token: 'hush', headers: { authorization: 'hush', 'x-api-key': 'hush', accept: '*/*' } },
      'hello',
    );
    logger.info({ request: { body: { secrets: { A: 'hush' }, api_key: 'hush' } } }, 'deep');
    logger.debug('too quiet');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('hush');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      name: 'test',
      msg: 'hello',
      token: '[redacted]',
      headers: { authorization: '[redacted]', accept: '*/*' },
    });
  });

  it('appends to a file that only its owner can read', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'raworc-log-'));
    const file = join(dir, 'service.log');
    createLogger({ name: 'test', level: 'info', file }).info('one');
    createLogger({ name: 'test', level: 'info', file }).info('two');
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await rm(dir, { recursive: true });
  });
});
