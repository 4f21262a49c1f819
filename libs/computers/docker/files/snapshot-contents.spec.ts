import { expect, it } from '@jest/globals';
import { describeWithDocker } from '../testing/computers.js';

const ALL = { data: true, code: true };

/** Commits rows to a database in pairs, and files to a repository, as fast as it can. */
const WORKERS = [
  `cat > code/rows.py <<'END'`,
  'import sqlite3',
  `connection = sqlite3.connect('data/rows.db', isolation_level=None)`,
  `connection.execute('pragma journal_mode=wal')`,
  `connection.execute('create table if not exists rows(text)')`,
  'while True:',
  `    connection.execute('begin')`,
  `    for _ in range(2): connection.execute('insert into rows values (hex(randomblob(2000)))')`,
  `    connection.execute('commit')`,
  'END',
  'git init -q code/repository',
  'python3 code/rows.py >/dev/null 2>&1 &',
  `(cd code/repository; n=0; while :; do n=$((n+1)); head -c 3000 /dev/urandom > f$((n % 40)); git add -A; ` +
    `git -c user.name=a -c user.email=a commit -qm $n; done) >/dev/null 2>&1 &`,
  'until [ -s data/rows.db-wal ] && [ -e code/repository/.git/refs/heads/ma* ]; do sleep 0.05; done',
].join('\n');

const CHECKS = [
  `python3 -c "import sqlite3; print(*sqlite3.connect('data/rows.db').execute('pragma integrity_check').fetchone())"`,
  `python3 -c "import sqlite3; print(sqlite3.connect('data/rows.db').execute('select count(*) % 2 from rows').fetchone()[0])"`,
  'git -C code/repository fsck --full --strict >/dev/null 2>&1; echo $?',
  'git -C code/repository status >/dev/null 2>&1; echo $?',
].join('; ');

await describeWithDocker('the contents of snapshots', (fixture) => {
  it('are those of one moment, of programs that never rest', async () => {
    const id = await fixture.running();
    await fixture.output(id, WORKERS);
    const taken = [];
    for (let round = 0; round < 3; round++) taken.push(await fixture.computers.snapshot(id));
    await fixture.computers.stop(id);
    for (const { snapshotId, pausedMs } of taken) {
      expect(pausedMs).toBeGreaterThan(0);
      await fixture.computers.restoreSnapshot(id, snapshotId);
      await fixture.computers.start(id);
      expect(await fixture.output(id, CHECKS)).toBe('ok\n0\n0\n0\n');
      await fixture.computers.stop(id);
    }
  });

  it('are those of one moment in a copy of a computer that works', async () => {
    const source = await fixture.running();
    const copy = `${source}-copy`;
    await fixture.output(source, WORKERS);
    await fixture.computers.create({ sessionId: copy });
    await fixture.computers.copyFrom(copy, { sessionId: source }, ALL);
    await fixture.computers.start(copy);
    expect(await fixture.output(copy, CHECKS)).toBe('ok\n0\n0\n0\n');
  });

  it('keep hard links, attributes, access lists, setuid bits and times, and are as large as the files', async () => {
    const id = await fixture.running({ root: true });
    const describe = [
      'find . -mindepth 1 -path ./logs -prune -o -printf "%p %y %m %n %s %U %G %T@ %l\\n" | LC_ALL=C sort',
      `python3 -c "import os; print([(n, os.getxattr('data/f', n)) for n in sorted(os.listxattr('data/f'))])"`,
      'du -s --apparent-size data | cut -f1',
    ].join('; ');
    await fixture.output(
      id,
      [
        'head -c 1000000 /dev/urandom > data/f; for n in $(seq 20); do ln data/f data/l$n; done',
        'ln data/f code/elsewhere; chown 7:8 data/f; chmod 6755 data/f; mkfifo -m 640 data/pipe',
        `python3 -c "import os; os.setxattr('data/f', 'user.mark', b'\\0v'); os.setxattr('data', 'user.d', b'd'); ` +
          // An access list: user 1000 may read and write.
          `os.setxattr('data/f', 'system.posix_acl_access', bytes.fromhex(` +
          `'0200000001000700ffffffff02000600e803000004000500ffffffff10000700ffffffff20000500ffffffff'))"`,
        `touch -d '2001-02-03 04:05:06.789' data/f`,
      ].join('\n'),
    );
    const before = await fixture.output(id, describe);
    const taken = await fixture.computers.snapshot(id);
    expect(taken).toMatchObject({ bytes: 1_000_000, skippedTotal: 0 });
    expect(taken.storedBytes).toBeLessThan(1_100_000);
    await fixture.output(id, 'rm -rf data/* code/*');
    await fixture.computers.restoreSnapshot(id, taken.snapshotId);
    expect(await fixture.output(id, describe)).toBe(before);
    expect(before).toContain('system.posix_acl_access');
    expect((await fixture.computers.snapshot(id)).digest).toBe(taken.digest);
  });

  it('leave out what cannot be kept, by name, and hold the rest', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(
      id,
      [
        'echo kept > data/f; truncate -s 8T data/endless; truncate -s 300M data/sparse; echo end >> data/sparse',
        `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('data/socket')"`,
        `python3 -c "import os
for _ in range(2100): os.mkdir('d'); os.chdir('d')
os.chdir('/session')
for _ in range(70): os.mkdir('e' * 250); os.chdir('e' * 250)"`,
        'mkdir data/none; touch data/none/f; chmod 000 data/none data/none/f',
      ].join('\n'),
    );
    const { skipped, skippedTotal, snapshotId, files, storedBytes } = await fixture.computers.snapshot(id);
    expect({ files, skippedTotal }).toEqual({ files: 3, skippedTotal: 3 });
    expect(skipped).toEqual([
      { path: 'data/endless', why: 'too_large' },
      { path: 'data/socket', why: 'socket' },
      { path: Array(66).fill('e'.repeat(250)).join('/'), why: 'path_too_long' },
    ]);
    expect(storedBytes).toBeLessThan(10 << 20);
    // What was skipped is named again though it has not changed.
    expect(await fixture.computers.snapshot(id)).toMatchObject({ skippedTotal: 3 });
    await fixture.output(id, 'rm -rf d e* data/*');
    await fixture.computers.restoreSnapshot(id, snapshotId);
    const found = 'cat data/f; tail -c 4 data/sparse; find d -type d | wc -l; du -s data | cut -f1';
    expect(await fixture.output(id, found)).toMatch(/^kept\nend\n2100\n\d{1,3}\n$/);
  });

  it('are found file by file, also of a computer that stands still', async () => {
    const id = await fixture.running();
    await fixture.output(
      id,
      `for n in $(seq 300); do echo $n > data/$n; done; printf x > $'data/\\xff'; mkdir data/é`,
    );
    const first = await fixture.computers.snapshot(id);
    await fixture.output(id, 'echo new > data/7; rm data/8');
    const second = await fixture.computers.snapshot(id);
    await fixture.computers.stop(id);
    const text = async (snapshotId: string, path: string) =>
      Buffer.from(await fixture.computers.readSnapshotFile(id, snapshotId, path)).toString();
    expect([await text(first.snapshotId, 'data/7'), await text(second.snapshotId, 'data/7')]).toEqual([
      '7\n',
      'new\n',
    ]);
    expect(await text(second.snapshotId, 'data/\udcff')).toBe('x');
    for (const [path, code] of [
      ['data/8', 'file_not_found'],
      ['data/é', 'file_not_readable'],
      ['data/300/x', 'file_not_found'],
    ] as const)
      await expect(text(second.snapshotId, path)).rejects.toMatchObject({ code });
    const entries = [];
    for await (const entry of fixture.computers.listSnapshot(id, second.snapshotId)) entries.push(entry);
    expect(entries.filter(({ type }) => type === 'file')).toHaveLength(300);
    expect(entries).toContainEqual(expect.objectContaining({ path: 'data/é', type: 'directory' }));
  });

  it('stay readable when others are deleted, whose contents go', async () => {
    const id = await fixture.running();
    const taken = [];
    for (let round = 0; round < 4; round++) {
      await fixture.output(
        id,
        `echo ${round} > data/f; head -c 300000 /dev/urandom > data/r${round}; rm -f data/r${round - 1}`,
      );
      taken.push(await fixture.computers.snapshot(id));
    }
    const kept = [taken[1]!.snapshotId, taken[3]!.snapshotId];
    const gone = await fixture.computers.deleteSnapshots(id, new Set(kept));
    expect(gone.snapshots).toBe(2);
    expect(gone.bytes).toBeGreaterThan(600_000);
    expect(gone.bytes).toBeLessThan(700_000);
    await fixture.output(id, 'echo 5 > data/f');
    const last = await fixture.computers.snapshot(id);
    expect(last).toMatchObject({ changed: { added: 0, modified: 1, removed: 0 } });
    await expect(fixture.computers.restoreSnapshot(id, taken[0]!.snapshotId)).rejects.toMatchObject({
      code: 'snapshot_not_found',
    });
    await fixture.computers.restoreSnapshot(id, kept[0]!);
    expect(await fixture.output(id, 'cat data/f; ls data')).toBe('1\nf\nr1\n');
  });
});
