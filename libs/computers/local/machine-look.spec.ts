import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { lookAtMachine } from './machine-look.js';

describe('a look at the machine', () => {
  it('is shared by all who ask before it begins, and has what was there when they asked', async () => {
    const first = lookAtMachine();
    const child = spawn('sleep', ['60'], { env: { SESSION_DIR: '/nowhere/files' } });
    try {
      const second = lookAtMachine();
      expect(await second).toBe(await first);
      expect((await first).marked('/nowhere/files')).toEqual([child.pid]);
      expect((await first).table.map(({ pid }) => pid)).toContain(child.pid);
    } finally {
      child.kill();
      await once(child, 'exit');
    }
    const later = await lookAtMachine();
    expect(later).not.toBe(await first);
    expect(later.marked('/nowhere/files')).toEqual([]);
  });
});
