import { describe, expect, it } from '@jest/globals';
import { ComputersSpace } from './computers-space.js';

const GIB = 1024 ** 3;
const on = (freeBytes: number, totalBytes: number) =>
  new ComputersSpace({ space: async () => ({ path: '/disk', freeBytes, totalBytes }) }).shortage();

describe('the space for computers', () => {
  it('is short below the smaller of a tenth of the disk and 256 MiB', async () => {
    expect(await on(0.257 * GIB, 100 * GIB)).toBeUndefined();
    expect(await on(0.249 * GIB, 100 * GIB)).toMatch(
      /255\.0 MiB are free at \/disk, and 256\.0 MiB are kept/,
    );
    expect(await on(0.11 * GIB, GIB)).toBeUndefined();
    expect(await on(0.09 * GIB, GIB)).toMatch(/delete sessions that nobody needs/);
  });

  it('is no matter where it cannot be seen, or the engine is away', async () => {
    expect(await new ComputersSpace({ space: async () => undefined }).shortage()).toBeUndefined();
    const away = new ComputersSpace({ space: () => Promise.reject(new Error('away')) });
    expect(await away.shortage()).toBeUndefined();
  });

  it('is asked for once at a time, and nobody waits but the first', async () => {
    let asked = 0;
    const space = new ComputersSpace({
      space: async () => {
        asked++;
        return { path: '/disk', freeBytes: 0, totalBytes: GIB };
      },
    });
    expect(space.lastShortage).toBeUndefined();
    const all = await Promise.all([space.shortage(), space.shortage(), space.shortage()]);
    expect([space.lastShortage, asked]).toEqual([all[0], 1]);
  });
});
