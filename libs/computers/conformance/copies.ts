import { describe, expect, it } from '@jest/globals';
import type { Fixture } from './fixture.js';
import { VARIED_TREE } from './snapshots.js';

const ALL = { data: true, code: true };

export function describeCopies(fixture: Fixture): void {
  describe('copies', () => {
    it('are equal to their source, which does not change, and live on their own', async () => {
      const source = await fixture.running(fixture.id('source'));
      await fixture.bash(source, VARIED_TREE);
      const before = await fixture.computers.snapshot(source);
      await fixture.computers.create({ sessionId: fixture.id('copy') });

      const copied = await fixture.computers.copyFrom(
        fixture.id('copy'),
        { sessionId: source, snapshotId: before.snapshotId },
        ALL,
      );

      expect(copied).toMatchObject({ files: before.files, bytes: before.bytes });
      expect((await fixture.computers.snapshot(fixture.id('copy'))).digest).toBe(before.digest);
      await fixture.computers.start(fixture.id('copy'));
      await fixture.bash(
        fixture.id('copy'),
        'echo changed >> data/binary; chmod 755 code/*/; rm -rf code; chmod 700 data',
      );
      expect((await fixture.computers.snapshot(source)).digest).toBe(before.digest);
    });

    it('of a snapshot hold what was there then, without one what is there now', async () => {
      const source = await fixture.running(fixture.id('source'));
      await fixture.bash(source, 'echo then > data/f');
      const { snapshotId } = await fixture.computers.snapshot(source);
      await fixture.bash(source, 'echo now > data/f');
      for (const name of ['a', 'b']) await fixture.computers.create({ sessionId: fixture.id(name) });
      await fixture.computers.copyFrom(fixture.id('a'), { sessionId: source, snapshotId }, ALL);
      await fixture.computers.copyFrom(fixture.id('b'), { sessionId: source }, ALL);
      expect([
        await fixture.text(fixture.id('a'), 'data/f'),
        await fixture.text(fixture.id('b'), 'data/f'),
      ]).toEqual(['then\n', 'now\n']);
    });

    it.each([
      [{ data: true, code: true }, ['code', 'code/c', 'data', 'data/d', 'logs', 'other', 'other/o', 'top']],
      [{ data: true, code: false }, ['code', 'data', 'data/d', 'logs']],
      [{ data: false, code: true }, ['code', 'code/c', 'data', 'logs', 'other', 'other/o', 'top']],
      [{ data: false, code: false }, ['code', 'data', 'logs']],
    ])('take the parts %j along, never the logs', async (parts, paths) => {
      const source = await fixture.running(fixture.id('source'));
      await fixture.bash(source, 'mkdir other; touch data/d code/c logs/l other/o top');
      await fixture.computers.create({ sessionId: fixture.id('copy') });
      await fixture.computers.copyFrom(fixture.id('copy'), { sessionId: source }, parts);
      await fixture.computers.start(fixture.id('copy'));
      expect(
        (await fixture.bash(fixture.id('copy'), 'find . -mindepth 1 | cut -c3- | LC_ALL=C sort'))
          .trim()
          .split('\n'),
      ).toEqual(paths);
    });

    it('may be made again, and then hold nothing else', async () => {
      const source = await fixture.running(fixture.id('source'));
      await fixture.bash(source, 'touch data/wanted');
      await fixture.computers.create({ sessionId: fixture.id('copy') });
      await fixture.computers.writeFile(fixture.id('copy'), 'data/stray', '');
      for (let round = 0; round < 2; round++)
        await fixture.computers.copyFrom(fixture.id('copy'), { sessionId: source }, ALL);
      expect((await fixture.computers.listFiles(fixture.id('copy'), 'data')).map(({ path }) => path)).toEqual(
        ['data/wanted'],
      );
    });

    it('are refused for missing sources and running targets', async () => {
      await fixture.running(fixture.id('target'));
      await fixture.computers.create({ sessionId: fixture.id('copy') });
      const copy = (target: string, source: string, snapshotId?: string) =>
        fixture.computers.copyFrom(fixture.id(target), { sessionId: fixture.id(source), snapshotId }, ALL);
      await expect(copy('copy', 'nobody')).rejects.toMatchObject({ code: 'computer_not_found' });
      await expect(copy('nobody', 'copy')).rejects.toMatchObject({ code: 'computer_not_found' });
      await expect(copy('copy', 'target', 'none')).rejects.toMatchObject({ code: 'snapshot_not_found' });
      await expect(copy('target', 'copy')).rejects.toMatchObject({ code: 'command_refused' });
    });
  });
}
