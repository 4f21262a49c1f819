import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { describeComputers } from '../conformance.js';
import { createLocalComputers } from './index.js';

describeComputers('local, unsafe', (root) => createLocalComputers({ root, mode: 'unsafe' }));

describe('local computers', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-local-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('creates a computer again while several destroy the one before', async () => {
    const computers = createLocalComputers({ root, mode: 'unsafe' });
    await computers.create({ sessionId: 'a', env: { TOKEN: 'secret' } });
    for (let round = 0; round < 5; round += 1) {
      const [first, second] = [computers.destroy('a'), computers.destroy('a')];
      await first;
      await Promise.all([second, computers.create({ sessionId: 'a' })]);
      expect(await computers.inspect('a')).toMatchObject({ running: false });
    }
    await computers.start('a');
    const limits = { timeoutMs: 10_000, maxOutputBytes: 1_000 };
    const result = await computers.exec('a', ['sh', '-c', 'echo "<$TOKEN>"'], limits);
    expect(result.output).toBe('<>\n');
    await computers.dispose();
  });

  it('removes at its start what an earlier service had no time to', async () => {
    const left = join(root, '.discarded', 'of-an-earlier-service');
    await mkdir(join(left, 'files'), { recursive: true });
    const computers = createLocalComputers({ root, mode: 'unsafe' });
    computers.watch(() => undefined, new AbortController().signal);
    await eventually(async () => !existsSync(left));
    await computers.dispose();
  });
});
