import { describe, expect, it } from '@jest/globals';
import type { Fixture } from './fixture.js';

const MIB = 1024 * 1024;

export function describeDisk(fixture: Fixture): void {
  describe('the disk', () => {
    const used = async (id: string): Promise<number> => {
      const { bytes, complete } = await fixture.computers.diskUsage(id);
      expect(complete).toBe(true);
      return bytes;
    };

    it('is counted in blocks: holes are none, a file with two names is one', async () => {
      const id = await fixture.running();
      const before = await used(id);
      await fixture.bash(id, 'head -c 4M /dev/urandom > data/f; ln data/f code/g; truncate -s 1T data/holes');
      const after = await used(id);
      expect(after - before).toBeGreaterThanOrEqual(4 * MIB);
      expect(after - before).toBeLessThan(5 * MIB);
      await fixture.bash(id, 'rm data/f code/g data/holes');
      expect((await used(id)) - before).toBeLessThan(MIB);
    });

    it.each([
      ['in a folder that its owner closed', 'mkdir -p data/a/b; mv f data/a/b; chmod 000 data/a/b data/a'],
      ['that its owner cannot read', 'chmod 000 f'],
      ['below a name that is no text', "mkdir $'data/\\xff\\n'; mv f $'data/\\xff\\n'"],
      ['far below', 'for i in {1..100}; do mkdir d; cd d; done; mv ~/f .; cd'],
    ])('counts what is %s', async (_where, hide) => {
      const id = await fixture.running();
      const before = await used(id);
      await fixture.bash(id, `head -c 4M /dev/urandom > f; ${hide}`);
      expect((await used(id)) - before).toBeGreaterThanOrEqual(4 * MIB);
    });

    it('does not count what links lead to', async () => {
      const id = await fixture.running();
      const before = await used(id);
      await fixture.bash(id, 'ln -s / data/root; ln -s /usr data/usr');
      expect((await used(id)) - before).toBeLessThan(MIB);
    });

    it('is counted of a computer that stands still, and of none that is not there', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'head -c 4M /dev/urandom > data/f');
      await fixture.computers.stop(id);
      expect(await used(id)).toBeGreaterThanOrEqual(4 * MIB);
      await expect(fixture.computers.diskUsage(fixture.id('none'))).rejects.toMatchObject({
        code: 'computer_not_found',
      });
    });

    it('is told how full it is', async () => {
      const { freeBytes = 0, totalBytes = 0 } = (await fixture.computers.space()) ?? {};
      expect(freeBytes).toBeGreaterThan(0);
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    });
  });
}
