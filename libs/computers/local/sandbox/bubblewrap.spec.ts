import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '../../computer.js';
import { bubblewrapProblem, createLocalComputers } from '../index.js';

const SECRET = 'sk-very-secret-value';
const LIMITS = { timeoutMs: 20_000, maxOutputBytes: 64 * 1024 };

const problem = await bubblewrapProblem();
if (problem === undefined) describe('the bubblewrap sandbox', describeSandbox);
else {
  process.stderr.write(`not run: the bubblewrap sandbox, because ${problem}\n`);
  it('says why the sandbox is not shown here', () => expect(problem).not.toBe(''));
}

function describeSandbox(): void {
  let root: string;
  let computers: Computers;
  const bash = async (command: string): Promise<string> => {
    const shell = await computers.shell('a');
    return (await shell.run(command, LIMITS)).output;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'raworc-sandbox-'));
    computers = createLocalComputers({ root, mode: 'bubblewrap' });
    await computers.create({ sessionId: 'a', env: { API_KEY: SECRET, LD_DEBUG_OUTPUT: '/session/ld' } });
    await computers.start('a');
  });

  afterEach(async () => {
    await computers.destroy('a');
    await computers.dispose();
    await rm(root, { recursive: true, force: true });
  });

  it('shows the session’s files and the system, nothing else of the machine', async () => {
    expect(await bash('echo $SESSION_DIR $HOME $PWD; readlink /data')).toBe(
      '/session /session /session\nsession/data\n',
    );
    expect(await bash(`ls -d /root /home /mnt /opt /srv ${root} 2>/dev/null`)).toBe('');
    expect(await bash('ls /tmp; cat /etc/shadow /etc/ssl/private/* 2>/dev/null')).toBe('');
    expect(await bash('touch /usr/x /etc/x /bin/x 2>/dev/null; ls /usr/x /etc/x /bin/x 2>/dev/null')).toBe(
      '',
    );
  });

  it('has a Git that works without any configuration, as in containers', async () => {
    const first = 'git init -q && git status --short && echo x > f && git add f && git commit -qm first';
    expect(await bash(`cd code && ${first} && git log --format='%an <%ae>'`)).toBe(
      'Host <host@session.invalid>\n',
    );
    const image = new URL('../../../../docker/session/etc/gitconfig', import.meta.url);
    const lines = (await readFile(image, 'utf8')).split('\n').filter((line) => !/^(#|$)/.test(line));
    expect(await bash('cat /etc/gitconfig')).toBe(`${lines.join('\n')}\n`);
  });

  it('has no capabilities and cannot turn a knob of the machine', async () => {
    expect(await bash('grep CapEff /proc/self/status')).toMatch(/\t0+\n/);
    // Opened for writing, and nothing written: where the sandbox fails, the test must not do the harm.
    const knobs = 'find /proc -path "/proc/[0-9]*" -prune -o -path /proc/self -prune -o -type f -print';
    expect(
      await bash(`${knobs} 2>/dev/null | while read -r f; do { : >> "$f"; } 2>/dev/null && echo "$f"; done`),
    ).toBe('');
  });

  it('cannot see the machine’s memory and log', async () => {
    expect(await bash('cat /proc/kallsyms /proc/iomem /proc/keys /proc/kmsg 2>/dev/null | wc -c')).toBe(
      '0\n',
    );
  });

  it('fills up its folders in memory without harm: each is full long before the session’s memory is', async () => {
    await computers.create({ sessionId: 'small', limits: { memoryMb: 64 } });
    await computers.start('small');
    const run = async (command: string) => (await computers.shell('small')).run(command, LIMITS);
    const fill = 'for i in {1..200}; do head -c 1M /dev/zero || break; done > $d/fill';
    const { output, exitCode } = await run(
      `for d in /tmp /var/tmp /dev/shm /run; do (${fill}) 2>&1 | grep -c 'No space left on device'; done; stat -c %s /tmp/fill`,
    );
    expect({ output, exitCode }).toEqual({ output: `1\n1\n1\n1\n${32 * 1024 * 1024}\n`, exitCode: 0 });
    expect(await run('rm /tmp/fill && echo again > /tmp/file && cat /tmp/file')).toMatchObject({
      output: 'again\n',
      outcome: 'exited',
    });
    await computers.destroy('small');
  });

  it('has the devices that programs need, and no place for others', async () => {
    const refused = [
      'touch /dev/x',
      'mkdir /dev/x',
      'ln -s /session /dev/x',
      'rm /dev/null',
      'mv /dev/zero /dev/x',
    ];
    for (const command of refused)
      expect([command, await bash(`${command} 2>&1`)]).toEqual([
        command,
        expect.stringContaining('Read-only file system'),
      ]);
    expect(await bash('echo x > /dev/null && echo x > /dev/full')).toContain('No space left on device');
    expect(await bash('for d in zero random urandom; do head -c 8 /dev/$d; done | wc -c')).toBe('24\n');
    expect(await bash('echo x > /dev/shm/x && cat /dev/shm/x; [ -c /dev/tty ] && echo tty')).toBe('x\ntty\n');
    const terminal = `perl -e 'open my $t, "+<", "/dev/ptmx" or die $!; ioctl $t, 0x80045430, my $n = pack "I", 0 or die $!; print -c "/dev/pts/" . unpack("I", $n) ? "pts\n" : "no\n"'`;
    expect(await bash(terminal)).toBe('pts\n');
  });

  it('has a network and processes of its own', async () => {
    expect((await bash('tail -n +3 /proc/net/dev | cut -d: -f1')).trim()).toBe('lo');
    expect(Number(await bash('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(6);
    expect(await bash('hostname 2>/dev/null || cat /proc/sys/kernel/hostname')).toBe('session\n');
  });

  it('gives its programs three descriptors and no more', async () => {
    expect(await bash('ls /proc/self/fd | tr "\\n" " "')).toMatch(/^0 1 2 3 (8 )?$/);
    const { output } = await computers.exec('a', ['ls', '/proc/self/fd'], LIMITS);
    expect(output).toBe('0\n1\n2\n3\n');
  });

  it('lets no secret out: not on disk, not in arguments, not into the sandbox’s own environment', async () => {
    expect(await bash('echo $API_KEY $LD_DEBUG_OUTPUT')).toBe(`${SECRET} /session/ld\n`);
    const onDisk = await readFile(join(root, 'a', 'computer.json'), 'utf8');
    expect(onDisk).not.toContain(SECRET);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
    for (const pid of pids) {
      const args = await read(`/proc/${pid}/cmdline`);
      expect(args).not.toContain(SECRET);
      if (args.includes('bwrap')) expect(await read(`/proc/${pid}/environ`)).not.toMatch(/LD_DEBUG|API_KEY/);
    }
  });
}
