import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeSandbox, LIMITS, processNamed } from '../testing/sandbox.js';
import { readProcess } from '../process-table.js';
import { SYSTEM_CALLS } from './system-calls.js';

const ROOT = process.geteuid?.() === 0;
const asRoot = ROOT ? it : it.skip;
const calls = SYSTEM_CALLS[process.arch];
const PTRACE = process.arch === 'x64' ? 101 : 117;
const INOTIFY_INIT1 = process.arch === 'x64' ? 294 : 26;
const ATTACH = 16;

const perl = (code: string): string => `perl -e '${code}' 2>&1`;

describeSandbox('what a session tries on the service and on others', (sandbox) => {
  /** A program of session b, by its number on the machine. */
  async function victim(): Promise<{ pid: number; ended: Promise<unknown> }> {
    const mark = `6${process.pid}.${Date.now()}`;
    const ended = sandbox.computers.exec('b', ['sleep', mark], LIMITS);
    return { pid: await processNamed(`sleep\0${mark}\0`), ended };
  }

  const runs = (pid: number): boolean => !['Z', undefined].includes(readProcess(pid)?.state);

  it('reaches no process but its own: not by a signal, not as a debugger', async () => {
    const other = await victim();
    for (const pid of [process.pid, process.ppid, other.pid]) {
      expect(await sandbox.bash(`kill -9 ${pid} 2>&1`)).toContain('No such process');
      expect(await sandbox.bash(perl(`print syscall(${PTRACE}, ${ATTACH}, ${pid}, 0, 0), " $!"`))).toBe(
        '-1 No such process',
      );
    }
    // To all that it may signal.
    await sandbox.bash('kill -9 -1');
    expect(runs(other.pid)).toBe(true);
    expect(
      await sandbox.bash('echo $(ls -d /proc/[0-9]*/root/home /proc/[0-9]*/root/root 2>/dev/null)'),
    ).toBe('\n');
    await sandbox.computers.stop('b');
    await other.ended;
  });

  it('reaches no socket of the machine, with a name in files or without', async () => {
    const socket = join(sandbox.root, 'api.sock');
    const name = `raworc-spec-${process.pid}`;
    let reached = 0;
    const servers: Server[] = [socket, `\0${name}`].map((path) =>
      createServer((connection) => {
        reached += 1;
        connection.end();
      }).listen(path),
    );
    for (const server of servers) if (!server.listening) await once(server, 'listening');
    const connect = (address: string): string =>
      perl(`use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); print connect($s, ${address}) ? "in" : "$!"`);
    try {
      expect(await sandbox.bash(connect(`sockaddr_un("${socket}")`))).toBe('No such file or directory');
      expect(await sandbox.bash(connect(`pack("S a*", 1, "\\0${name}")`))).toBe('Connection refused');
      expect(reached).toBe(0);
    } finally {
      for (const server of servers) server.close();
      await rm(socket, { force: true });
    }
  });

  it('gets at no control group, though its kernel may have release agents', async () => {
    expect(await sandbox.bash('ls -d /sys /sys/fs/cgroup 2>&1 | grep -vc "No such file"')).toBe('0\n');
    for (const type of ['cgroup', 'cgroup2'])
      expect(await sandbox.bash(`mkdir -p /tmp/c; mount -t ${type} none /tmp/c 2>&1`)).toContain('superuser');
    expect(await sandbox.bash('find / -xdev -name release_agent 2>/dev/null')).toBe('');
  });

  it('puts nothing into a terminal, whatever the upper half of the request is', async () => {
    if (!calls) throw new Error(`no system calls are known of ${process.arch}`);
    for (const request of ['0x5412', '0x100005412', '0x541c', '0x10000541c'])
      expect(
        await sandbox.bash(
          perl(
            `open my $t, "+<", "/dev/ptmx"; my $c = "x"; print syscall(${calls.ioctl}, fileno($t), ${request}, $c), " $!"`,
          ),
        ),
      ).toBe('-1 Operation not permitted');
  });

  it('is not spared when memory runs out', async () => {
    const lower = 'echo -1000 > /proc/self/oom_score_adj';
    expect(await sandbox.bash(`(${lower}) 2>&1`)).toContain('Permission denied');
  });

  asRoot('uses up the watches of files of no other session', async () => {
    const take = perl(
      `my $n = 0; $n++ while ($n < 100000 && syscall(${INOTIFY_INIT1}, 0) >= 0); print "$!"; sleep 1000`,
    );
    const { promise: said, resolve } = Promise.withResolvers<string>();
    const holder = sandbox.computers.exec('a', ['bash', '-c', take.replace('print', '$| = 1; print')], {
      ...LIMITS,
      onOutput: resolve,
    });
    expect(await said).toBe('Too many open files');
    const inB = await sandbox.computers.exec(
      'b',
      ['bash', '-c', perl(`print syscall(${INOTIFY_INIT1}, 0) >= 0 ? "got one" : "$!"`)],
      LIMITS,
    );
    expect(inB.output).toBe('got one');
    await sandbox.computers.stop('a');
    await holder;
  });
});
