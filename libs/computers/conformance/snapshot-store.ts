import { describe, expect, it } from '@jest/globals';
import type { Fixture } from './fixture.js';

/** How snapshots are kept, read and deleted. */
export function describeSnapshotStore(fixture: Fixture): void {
  describe('the store of snapshots', () => {
    it('grows by what changed', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'for i in {1..2000}; do echo $i > data/file-with-a-name-$i; done; head -c 3000000 /dev/urandom > code/large',
      );
      const first = await fixture.computers.snapshot(id);
      expect(first.storedBytes).toBeGreaterThan(3_000_000);
      await fixture.bash(id, 'for i in 7 77 777; do echo changed > data/file-with-a-name-$i; done');
      const second = await fixture.computers.snapshot(id);
      expect(second.changed).toEqual({ added: 0, modified: 3, removed: 0 });
      expect(second.storedBytes).toBeLessThan(16_384);
    });

    it('counts the lines that text files gained and lost', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'seq 1 10 > data/text; seq 1 5 > data/gone');
      expect((await fixture.computers.snapshot(id)).lines).toEqual({ added: 15, removed: 0 });
      await fixture.bash(
        id,
        String.raw`sed -i '3d; 5s/.*/five/' data/text; rm data/gone; printf '\0\n\n' > data/binary`,
      );
      expect(await fixture.computers.snapshot(id)).toMatchObject({
        lines: { added: 1, removed: 7 },
        changed: { added: 1, modified: 1, removed: 1 },
      });
      expect((await fixture.computers.snapshot(id)).lines).toEqual({ added: 0, removed: 0 });
    });

    it('gives single files of any snapshot, of a computer that stands still too', async () => {
      const id = await fixture.running();
      const { computers } = fixture;
      await fixture.bash(
        id,
        String.raw`for i in {1..300}; do echo $i > data/$i; done; echo b > $'data/\xff'; ln -s 1 data/link`,
      );
      const { snapshotId: first } = await computers.snapshot(id);
      await fixture.bash(id, 'echo new > data/7; rm data/8');
      const { snapshotId: second } = await computers.snapshot(id);
      await computers.stop(id);
      const read = async (snapshotId: string, path: string): Promise<string> =>
        Buffer.from(await computers.readSnapshotFile(id, snapshotId, path)).toString('utf8');
      for (const snapshotId of [first, second]) {
        for (const n of [1, 99, 300]) expect(await read(snapshotId, `data/${n}`)).toBe(`${n}\n`);
        expect(await read(snapshotId, 'data/\udcff')).toBe('b\n');
      }
      expect([await read(first, 'data/7'), await read(second, 'data/7')]).toEqual(['7\n', 'new\n']);
      expect(await read(first, 'data/8')).toBe('8\n');
      await expect(read(second, 'data/8')).rejects.toMatchObject({ code: 'file_not_found' });
      await expect(read(second, 'data/301')).rejects.toMatchObject({ code: 'file_not_found' });
      for (const path of ['data', 'data/link']) {
        await expect(read(second, path)).rejects.toMatchObject({ code: 'file_not_readable' });
      }
      await expect(read('none', 'data/7')).rejects.toMatchObject({ code: 'snapshot_not_found' });
      const limited = computers.readSnapshotFile(id, second, 'data/300', { maxBytes: 3 });
      await expect(limited).rejects.toMatchObject({ code: 'file_too_large' });
    });

    it('lists what a snapshot holds', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'echo x > data/f; ln -s f data/l; mkfifo data/p; chmod 640 data/f; mkdir data-b; touch data-b/f',
      );
      const { snapshotId } = await fixture.computers.snapshot(id);
      const entries = await fixture.entries(id, snapshotId);
      expect(entries.map(({ path, type }) => [path, type])).toEqual([
        ['code', 'directory'],
        ['data', 'directory'],
        ['data-b', 'directory'],
        ['data-b/f', 'file'],
        ['data/f', 'file'],
        ['data/l', 'link'],
        ['data/p', 'fifo'],
        ['logs', 'directory'],
      ]);
      expect(entries[4]).toMatchObject({
        mode: 0o640,
        size: 2,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(entries[5]).toMatchObject({ target: 'f' });
    });

    it('deletes snapshots and what only they had', async () => {
      const id = await fixture.running();
      const { computers } = fixture;
      const taken: string[] = [];
      for (const n of [1, 2, 3, 4]) {
        await fixture.bash(id, `head -c 500000 /dev/urandom > data/only; echo ${n} > data/${n}`);
        taken.push((await computers.snapshot(id)).snapshotId);
      }
      const [first = '', second = '', third = '', fourth = ''] = taken;
      const deleted = await computers.deleteSnapshots(id, new Set([second, fourth]));
      expect(deleted.snapshots).toBe(2);
      expect(deleted.bytes).toBeGreaterThan(999_000);
      for (const gone of [first, third]) {
        await expect(computers.restoreSnapshot(id, gone)).rejects.toMatchObject({
          code: 'snapshot_not_found',
        });
      }
      expect(await computers.deleteSnapshots(id, new Set([second, fourth]))).toEqual({
        snapshots: 0,
        bytes: 0,
      });
      await fixture.bash(id, 'rm data/*');
      await computers.restoreSnapshot(id, second);
      expect(await fixture.bash(id, 'ls data; stat -c %s data/only')).toBe('1\n2\nonly\n500000\n');
      await computers.restoreSnapshot(id, fourth);
      expect(await fixture.bash(id, 'ls data')).toBe('1\n2\n3\n4\nonly\n');
      const again = await computers.snapshot(id);
      expect(Buffer.from(await computers.readSnapshotFile(id, again.snapshotId, 'data/4')).toString()).toBe(
        '4\n',
      );
    });

    it.each(['stop', 'destroy'] as const)('lets %s end a snapshot that would take long', async (verb) => {
      const id = await fixture.running();
      await fixture.bash(id, 'truncate -s 15G data/slow; truncate -s 15G data/slower');
      const taken = expect(fixture.computers.snapshot(id)).rejects.toMatchObject({
        code: 'snapshot_aborted',
      });
      await fixture.computers.exec(id, ['sleep', '0.3'], { timeoutMs: 5_000, maxOutputBytes: 10 });
      await fixture.computers[verb](id);
      await taken;
    });

    it('lets the caller end a snapshot, and leaves nothing of it', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'truncate -s 15G data/slow');
      const ending = new AbortController();
      const { signal } = ending;
      const taken = expect(fixture.computers.snapshot(id, { signal })).rejects.toMatchObject({
        code: 'snapshot_aborted',
      });
      await fixture.computers.exec(id, ['sleep', '0.3'], { timeoutMs: 5_000, maxOutputBytes: 10 });
      ending.abort();
      await taken;
      await fixture.bash(id, 'rm data/slow; echo x > data/f');
      expect(await fixture.computers.snapshot(id)).toMatchObject({ files: 1, bytes: 2 });
    });
  });
}
