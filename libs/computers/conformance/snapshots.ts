import { describe, expect, it } from '@jest/globals';
import { type Fixture, LIMITS } from './fixture.js';

/** A tree with everything that is hard to copy. */
export const VARIED_TREE = [
  'mkdir -p code/empty code/locked data/deep/er',
  "printf 'a\\0b' > data/binary; : > data/nothing; head -c 200000 /dev/urandom > data/deep/er/noise",
  'ln -s ../data/binary code/link; ln -s /etc/passwd code/outward; ln -s nowhere code/dangling',
  "touch $'data/with\\nnewline' 'data/with blank' $'data/\\xff\\xfe'",
  'echo secret > code/locked/private; chmod 600 code/locked/private; chmod 555 code/locked',
  'echo run > code/run.sh; chmod 755 code/run.sh',
  'mkdir code/closed; echo in > code/closed/f; echo none > data/unreadable',
  'echo top > .hidden; mkfifo data/pipe',
  "find . -mindepth 1 -exec touch -h -d '2011-12-13 14:15:16.5' {} +",
  'chmod 000 code/closed data/unreadable',
].join('\n');

/** One line for each entry: name, type, mode, size, link target, time; then the contents. */
const DESCRIBE_TREE = [
  "find . -mindepth 1 -type d -printf '%p %y %m %T@\\0' -o -type p -o -printf '%p %y %m %s %l %T@\\0' | LC_ALL=C sort -z | base64",
  'find . -type f -perm -400 -print0 | LC_ALL=C sort -z | xargs -0 sha256sum',
].join('\n');

export function describeSnapshots(fixture: Fixture): void {
  describe('snapshots', () => {
    it('say what they hold and what changed', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo 123 > a; echo 4 > code/b; ln -s a c');
      const first = await fixture.computers.snapshot(id);
      expect(first).toMatchObject({
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        files: 2,
        bytes: 6,
        changed: { added: 3, modified: 0, removed: 0 },
      });
      const second = await fixture.computers.snapshot(id);
      expect(second).toMatchObject({
        digest: first.digest,
        files: 2,
        bytes: 6,
        changed: { added: 0, modified: 0, removed: 0 },
      });
      expect(second.snapshotId).not.toBe(first.snapshotId);
      await fixture.bash(id, 'echo 9 > code/b; rm c; touch d');
      const third = await fixture.computers.snapshot(id);
      expect(third).toMatchObject({ files: 3, changed: { added: 1, modified: 1, removed: 1 } });
      expect(third.digest).not.toBe(first.digest);
    });

    it.each([
      ['content', 'echo x > data/f'],
      ['content of the same size and time', 'echo y > data/f; touch -r reference data/f'],
      ['a mode', 'chmod 700 data/f'],
      ['a link target', 'ln -sfn other link'],
      ['a name', 'mv data/f data/g'],
      ['an empty folder', 'mkdir data/new'],
    ])('have another digest after a change of %s', async (_what, command) => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo a > data/f; ln -s target link; touch -r data/f reference');
      const before = await fixture.computers.snapshot(id);
      await fixture.bash(id, command);
      expect((await fixture.computers.snapshot(id)).digest).not.toBe(before.digest);
    });

    it('bring everything back: contents, modes, links, times, empty folders', async () => {
      const id = await fixture.running();
      await fixture.bash(id, VARIED_TREE);
      const before = await fixture.bash(id, DESCRIBE_TREE);
      const snapshot = await fixture.computers.snapshot(id);
      await fixture.bash(
        id,
        'chmod 755 code/locked code/closed; rm -rf code data .hidden; mkdir code; echo other > code/run.sh; touch extra',
      );

      await fixture.computers.restoreSnapshot(id, snapshot.snapshotId);

      expect(await fixture.bash(id, DESCRIBE_TREE)).toBe(before);
      expect((await fixture.computers.snapshot(id)).digest).toBe(snapshot.digest);
    });

    it('stay as they are whatever happens to the files', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo original > data/f; echo same > data/g');
      const first = await fixture.computers.snapshot(id);
      await fixture.computers.snapshot(id);
      await fixture.bash(
        id,
        'echo changed >> data/f; printf X | dd of=data/g conv=notrunc status=none; chmod 777 data/g',
      );
      await fixture.computers.snapshot(id);
      await fixture.computers.restoreSnapshot(id, first.snapshotId);
      expect(await fixture.bash(id, 'cat data/f data/g')).toBe('original\nsame\n');
      await fixture.bash(id, 'echo again >> data/f; chmod 600 data/f');
      await fixture.computers.restoreSnapshot(id, first.snapshotId);
      expect((await fixture.computers.snapshot(id)).digest).toBe(first.digest);
    });

    it('can be restored while the computer runs, whose programs end', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo one > f');
      const { snapshotId } = await fixture.computers.snapshot(id);
      await fixture.bash(id, 'echo two > f; sleep 300 & true');
      await fixture.computers.restoreSnapshot(id, snapshotId);
      expect((await fixture.computers.stats(id)).processes).toBe(0);
      expect(await fixture.bash(id, 'cat f')).toBe('one\n');
    });

    it('survive files that come, change and go meanwhile', async () => {
      const id = await fixture.running();
      const churn =
        'i=0; while :; do i=$(( (i + 1) % 50 )); echo $RANDOM > data/$i; mkdir -p data/d$i; mv data/$i data/d$i/x; rm -r data/d$i; done';
      await fixture.bash(id, `{ ${churn}; } > /dev/null 2>&1 & true`);
      for (let round = 0; round < 5; round++) await fixture.computers.snapshot(id);
      await fixture.computers.stop(id);
      const settled = await fixture.computers.snapshot(id);
      await fixture.computers.restoreSnapshot(id, settled.snapshotId);
      expect((await fixture.computers.snapshot(id)).digest).toBe(settled.digest);
    });

    it('are found by their id only', async () => {
      const id = await fixture.running();
      for (const snapshotId of ['none', '../..', '']) {
        await expect(fixture.computers.restoreSnapshot(id, snapshotId)).rejects.toMatchObject({
          code: 'snapshot_not_found',
        });
      }
    });

    it('go with the computer', async () => {
      const id = await fixture.running();
      const { snapshotId } = await fixture.computers.snapshot(id);
      await fixture.computers.destroy(id);
      await fixture.running(id);
      await expect(fixture.computers.restoreSnapshot(id, snapshotId)).rejects.toMatchObject({
        code: 'snapshot_not_found',
      });
      expect((await fixture.computers.exec(id, ['ls', '-A'], LIMITS)).output).toBe('code\ndata\nlogs\n');
    });
  });
}
