import { describe, expect, it } from '@jest/globals';
import type { SnapshotInfo } from '../computer.js';
import { type Fixture, LIMITS } from './fixture.js';

const ALL = { data: true, code: true };

/** Sets and reads an extended attribute with whatever the computer has for it; `none` where that is nothing. */
const ATTRIBUTES = String.raw`
set_attribute() {
  python3 -c 'import os,sys; f,n,v=sys.argv[1:]; os.setxattr(f,n,bytes.fromhex(v))' "$@" 2>/dev/null ||
    perl -e '($f,$n,$v)=@ARGV; $v=pack("H*",$v); $f.="\0"; $n.="\0"; exit !!syscall(188,$f,$n,$v,length $v,0)' "$@" 2>/dev/null
}
get_attribute() {
  python3 -c 'import os,sys; print(os.getxattr(*sys.argv[1:]).hex())' "$@" 2>/dev/null ||
    perl -e '($f,$n)=@ARGV; $v="\0"x999; $f.="\0"; $n.="\0"; $l=syscall(191,$f,$n,$v,999); exit 1 if $l<0; print unpack("H*",substr($v,0,$l)),"\n"' "$@"
}`;
/** Another user may write, in the form of the kernel. */
const ACL = '0200000001000600ffffffff02000600e903000004000400ffffffff10000600ffffffff20000400ffffffff';

/** What a snapshot holds and brings into a copy, and what it leaves out. */
export function describeSnapshotContents(fixture: Fixture): void {
  /** A snapshot of a computer, and a computer that runs with a copy of it. */
  const remixed = async (id: string): Promise<{ taken: SnapshotInfo; copy: string }> => {
    const taken = await fixture.computers.snapshot(id);
    const copy = fixture.id('copy');
    await fixture.computers.create({ sessionId: copy });
    await fixture.computers.copyFrom(copy, { sessionId: id, snapshotId: taken.snapshotId }, ALL);
    await fixture.computers.start(copy);
    return { taken, copy };
  };

  describe('the contents of snapshots', () => {
    it('keep hard links as one file', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo one > data/a; ln data/a code/b; ln data/a code/c; echo single > data/s');
      const { taken, copy } = await remixed(id);
      expect(taken).toMatchObject({ files: 4, bytes: 11 });
      expect(await fixture.bash(copy, 'stat -c %h data/a code/b code/c data/s')).toBe('3\n3\n3\n1\n');
      expect(await fixture.bash(copy, 'echo two > code/c; cat data/a')).toBe('two\n');
    });

    it('keep many links to a large file at its size', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'head -c 1000000 /dev/urandom > data/0; for i in {1..2000}; do echo $i; done | xargs -I{} -P4 ln data/0 data/l{}',
      );
      const { taken, copy } = await remixed(id);
      expect(taken).toMatchObject({ files: 2001, bytes: 1_000_000 });
      expect(taken.storedBytes).toBeLessThan(3_000_000);
      expect(Number(await fixture.bash(copy, 'du -sk data | cut -f1'))).toBeLessThan(3_000);
    });

    it('link what comes along in a copy of a part', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'echo one > code/a; ln code/a data/b; ln code/a data/c');
      const { snapshotId } = await fixture.computers.snapshot(id);
      const copy = fixture.id('copy');
      await fixture.computers.create({ sessionId: copy });
      const source = { sessionId: id, snapshotId };
      expect(await fixture.computers.copyFrom(copy, source, { data: true, code: false })).toMatchObject({
        files: 2,
        bytes: 4,
      });
      await fixture.computers.start(copy);
      expect(await fixture.bash(copy, 'stat -c %h data/b data/c; cat data/c')).toBe('2\n2\none\n');
    });

    it('keep extended attributes and access control lists', async () => {
      const id = await fixture.running();
      const set = 'set_attribute data/f user.mark 7600ff && set_attribute data user.folder 61';
      const made = await fixture.bash(id, `${ATTRIBUTES}\necho x > data/f; ${set} || echo none`);
      if (made !== '') {
        process.stderr.write(
          'not run, because attributes cannot be set in the computer: extended attributes\n',
        );
        return;
      }
      const acl = await fixture.bash(id, `set_attribute data/f system.posix_acl_access ${ACL} || echo none`);
      const plain = await fixture.computers.snapshot(id);
      await fixture.bash(id, 'set_attribute data/f user.mark 7601');
      expect((await fixture.computers.snapshot(id)).digest).not.toBe(plain.digest);
      await fixture.bash(id, 'set_attribute data/f user.mark 7600ff');
      const { taken, copy } = await remixed(id);
      expect(taken.digest).toBe(plain.digest);
      const read = 'get_attribute data/f user.mark; get_attribute data user.folder';
      expect(await fixture.bash(copy, `${ATTRIBUTES}\n${read}`)).toBe('7600ff\n61\n');
      if (acl === '') {
        expect(await fixture.bash(copy, 'get_attribute data/f system.posix_acl_access')).toBe(`${ACL}\n`);
      }
    });

    it('keep modes with setuid, setgid and sticky', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'mkdir data/s; echo x > data/f; chmod 1777 data/s; chmod 6755 data/f');
      const { copy } = await remixed(id);
      expect(await fixture.bash(copy, 'stat -c %a data/s data/f')).toBe('1777\n6755\n');
    });

    it('keep pipes, and name sockets as skipped', async () => {
      const id = await fixture.running();
      const made = await fixture.bash(
        id,
        String.raw`mkfifo -m 640 data/pipe; echo x > data/f
          python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("data/socket")' 2>/dev/null ||
            perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("data/socket")) or exit 1' 2>/dev/null || echo none`,
      );
      const { taken, copy } = await remixed(id);
      expect(await fixture.bash(copy, 'stat -c "%F %a" data/pipe; cat data/f; ls data')).toBe(
        'fifo 640\nx\nf\npipe\n',
      );
      if (made === '') {
        expect(taken).toMatchObject({ skipped: [{ path: 'data/socket', why: 'socket' }], skippedTotal: 1 });
      }
    });

    it('keep what its owner cannot read, and its mode', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        'mkdir -p code/closed/in; echo in > code/closed/in/f; echo secret > code/secret',
      );
      await fixture.bash(id, 'chmod 000 code/closed/in code/closed code/secret');
      const { taken, copy } = await remixed(id);
      expect(taken).toMatchObject({ files: 2, skippedTotal: 0 });
      const modes = 'stat -c %a code/closed code/secret';
      for (const each of [id, copy]) expect(await fixture.bash(each, modes)).toBe('0\n0\n');
      const look =
        'chmod 700 code/closed code/closed/in; chmod 600 code/secret; cat code/closed/in/f code/secret';
      expect(await fixture.bash(copy, look)).toBe('in\nsecret\n');
    });

    it('keep trees deeper than a path may be long', async () => {
      const id = await fixture.running();
      const deepen = 'for i in 1 2 3; do mkdir -p $p; cd -P $p 2>/dev/null; done; echo bottom > f';
      await fixture.bash(
        id,
        `mkdir code/deep; p=$(printf 'd/%.0s' {1..700}); (cd code/deep; ${deepen}) 2>/dev/null`,
      );
      await fixture.bash(id, 'echo beside > data/f');
      const { taken, copy } = await remixed(id);
      expect(taken).toMatchObject({ files: 2, skippedTotal: 0 });
      expect(
        await fixture.bash(copy, 'find code/deep -type d | wc -l; find code/deep -name f -size 1'),
      ).toMatch(/^2101\ncode\/deep(\/d){2100}\/f\n$/);
      expect(await fixture.text(copy, 'data/f')).toBe('beside\n');
    }, 120_000);

    it('keep names of 255 bytes and names that are not UTF-8', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        String.raw`touch data/$(printf 'n%.0s' {1..255}); echo x > $'data/\xff\xfe'; ln $'data/\xff\xfe' $'data/\xfd'`,
      );
      const { taken, copy } = await remixed(id);
      expect((await fixture.computers.snapshot(copy)).digest).toBe(taken.digest);
      expect(await fixture.bash(copy, 'ls data | wc -l; stat -c %h data/[!n]*')).toBe('3\n2\n2\n');
      const entries = await fixture.entries(id, taken.snapshotId);
      expect(entries.map(({ path }) => path)).toEqual([
        'code',
        'data',
        `data/${'n'.repeat(255)}`,
        'data/\udcfd',
        'data/\udcff\udcfe',
        'logs',
      ]);
    });

    it('leave out what is too large, and name it', async () => {
      const id = await fixture.running();
      await fixture.bash(id, 'truncate -s 8T data/huge; truncate -s 64M data/sparse; echo x > data/f');
      const { taken, copy } = await remixed(id);
      expect(taken).toMatchObject({ files: 2, skipped: [{ path: 'data/huge', why: 'too_large' }] });
      expect(await fixture.bash(copy, 'stat -c %s data/sparse; du -k data/sparse | cut -f1; ls data')).toBe(
        `${64 * 1024 * 1024}\n0\nf\nsparse\n`,
      );
    });
  });

  describe('snapshots of a computer that works', () => {
    /** Takes snapshots while the command goes on in the background, and looks at a copy of each. */
    const wholeWhile = async (prepare: string, work: string, look: string, whole: RegExp): Promise<void> => {
      const id = await fixture.running();
      if ((await fixture.bash(id, prepare)).includes('none')) {
        process.stderr.write(`not run, because the computer has no program for it: ${look}\n`);
        return;
      }
      await fixture.bash(id, `{ ${work}; } > /dev/null 2>&1 & true`);
      for (let round = 0; round < 4; round++) {
        const { snapshotId } = await fixture.computers.snapshot(id);
        const copy = fixture.id(`copy-${round}`);
        await fixture.computers.create({ sessionId: copy });
        await fixture.computers.copyFrom(copy, { sessionId: id, snapshotId }, ALL);
        await fixture.computers.start(copy);
        const seen = await fixture.computers.exec(copy, ['bash', '-c', look], LIMITS);
        expect(seen.output).toMatch(whole);
        await fixture.computers.destroy(copy);
      }
    };

    it('hold files that belong together', async () => {
      await wholeWhile(
        'printf %08d 0 | tee data/a data/z; for i in {1..300}; do head -c 20000 /dev/zero > code/$i; done',
        // In place and without a program, so that many such pairs come while one is copied.
        'n=0; while :; do n=$((n + 1)); printf %08d $n 1<> data/a; printf %08d $n 1<> data/z; done',
        'a=$((10#$(cat data/a))); z=$((10#$(cat data/z))); [ $a = $z ] || [ $a = $((z + 1)) ] && echo whole || echo $a $z',
        /^whole\n$/,
      );
    });

    it('hold whole SQLite databases', async () => {
      await wholeWhile(
        "command -v sqlite3 > /dev/null && sqlite3 data/db 'pragma journal_mode=wal; create table a(k integer primary key, n, t); create table b(k integer primary key, n, t); with recursive c(k) as (select 0 union all select k + 1 from c where k < 499) insert into a select k, 0, hex(randomblob(2000)) from c; insert into b select * from a' > /dev/null || echo none",
        // The log is brought into the database every few rows, so that each of them is always behind the other.
        `n=0; { echo 'pragma synchronous=off; pragma wal_autocheckpoint=20;'; while :; do n=$((n + 1)); echo "begin; replace into a values($((n % 500)), $n, hex(randomblob(2000))); replace into b values($((n % 500)), $n, hex(randomblob(2000))); commit;"; done; } | sqlite3 data/db`,
        "sqlite3 data/db 'pragma integrity_check; select (select total(n) from a) = (select total(n) from b)'",
        /^ok\n1\n$/,
      );
    });

    it('hold whole git repositories', async () => {
      await wholeWhile(
        'command -v git > /dev/null && git init -q code/repository || echo none',
        'cd code/repository; n=0; while :; do n=$((n + 1)); echo $n > $((n % 50)); git add -A; git -c user.name=n -c user.email=e commit -qm $n; done',
        'cd code/repository && git fsck --no-dangling --no-progress 2>&1 && echo whole',
        /^(notice: .*\n)*whole\n$/,
      );
    });

    it('say how long its processes stood still, and let them go on', async () => {
      const id = await fixture.running();
      await fixture.bash(
        id,
        '{ while :; do date +%N > data/now; sleep 0.01; done; } > /dev/null 2>&1 & true',
      );
      const { pausedMs } = await fixture.computers.snapshot(id);
      expect(pausedMs).toBeGreaterThanOrEqual(1);
      const moved = 'a=$(cat data/now); until [ "$(cat data/now)" != "$a" ]; do sleep 0.01; done; echo moved';
      expect(await fixture.bash(id, moved)).toBe('moved\n');
    });
  });
}
