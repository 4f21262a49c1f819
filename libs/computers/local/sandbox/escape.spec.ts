import { chmod, chown, copyFile, readFile, stat } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { SYSTEM_CALLS, CLONE3 } from './system-calls.js';
import { describeSandbox, LIMITS, read } from '../testing/sandbox.js';

const ROOT = process.geteuid?.() === 0;
const calls = SYSTEM_CALLS[process.arch];
const asRoot = ROOT ? it : it.skip;

/** What perl prints for a system call: its result and the error. */
const perlCall = (...args: (number | string)[]): string =>
  `perl -e '$! = 0; my $r = syscall(${args.join(', ')}); print "$r $!\\n"' 2>&1`;

describeSandbox('the way out of a sandbox', (sandbox) => {
  it('does not begin with a process of root, a capability, or a group of the service', async () => {
    const pids = await sandbox.pids();
    expect(pids.length).toBeGreaterThan(2);
    const users = new Set<string | undefined>();
    for (const pid of pids) {
      const status = read(`/proc/${pid}/status`);
      users.add(/^Uid:\t(\d+)\t\1\t\1\t\1$/m.exec(status)?.[1]);
      expect(status).toMatch(/^CapPrm:\t0+$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      if (ROOT) expect(status).toMatch(/^Groups:\t *$/m);
    }
    expect(users.size).toBe(1);
    if (ROOT) expect(Number([...users][0])).toBeGreaterThan(0x70000000);
    else expect([...users]).toEqual([String(process.geteuid?.())]);
  });

  it('does not lead through PID 1: it is no program that can be written, and keeps its descriptors', async () => {
    expect(await sandbox.bash('readlink /proc/1/exe')).not.toContain('bwrap');
    expect(await sandbox.bash('[ -w /proc/1/exe ] && echo writable')).toBe('');
    expect(await sandbox.bash('exec 5<>/proc/1/exe; echo opened')).not.toBe('opened\n');
    const take = `perl -e '$p = syscall(434, 1, 0); $r = syscall(438, $p, 0, 0); print "$p $r $!\\n"'`;
    expect(await sandbox.bash(take)).toMatch(/^\d+ -1 Operation not permitted\n$/);
  });

  it('does not lead through namespaces, mounts, keys, modules or the machine’s sockets', async () => {
    if (!calls) throw new Error(`no system calls are known of ${process.arch}`);
    const refused = ['mount', 'setns', 'keyctl', 'bpf', 'perf_event_open', 'io_uring_setup', 'userfaultfd'];
    for (const name of refused) {
      const number = calls.refused[name] ?? -1;
      expect([name, await sandbox.bash(perlCall(number, 0, 0, 0, 0, 0))]).toEqual([
        name,
        '-1 Operation not permitted\n',
      ]);
    }
    expect(await sandbox.bash('unshare -U true; unshare -m true; unshare -p true')).toMatch(
      /^(unshare: unshare failed: Operation not permitted\n){3}$/,
    );
    for (const flag of ['0x10000000', '0x20000', '0x20000000', '0x40000000'])
      expect(await sandbox.bash(perlCall(calls.clone, `${flag} | 17`, 0, 0, 0, 0))).toMatch(/^-1 Operation/);
    expect(await sandbox.bash(perlCall(CLONE3, 0, 0))).toBe('-1 Function not implemented\n');
    // The machine of a virtual machine answers on AF_VSOCK, whatever the network namespace is.
    for (const family of [40, 38, 17])
      expect(await sandbox.bash(perlCall(calls.socket, family, 2, 0))).toMatch(/^-1 Address family/);
    expect(await sandbox.bash(perlCall(calls.socket, 1, 1, 0))).toMatch(/^3 /);
  });

  it('kills what calls the kernel in the way of another processor', async () => {
    if (process.arch !== 'x64') return;
    // mmap, then `mov eax, 20; int 0x80; ret`: getpid of 32-bit programs.
    const code = String.raw`\xb8\x14\x00\x00\x00\xcd\x80\xc3`;
    const script = `import ctypes,mmap\nm=mmap.mmap(-1,4096,prot=7)\nm.write(b"${code}")\nf=ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\nprint(f())`;
    const result = await sandbox.computers.exec('a', ['python3', '-c', script], LIMITS);
    if (result.exitCode === 126 || result.exitCode === 127)
      return void process.stderr.write('not run, because the sandbox has no python3 that runs\n');
    expect(result).toMatchObject({ exitCode: 128 + 31, output: '' });
  });

  it('lets debuggers work', async () => {
    // PTRACE_TRACEME, and PTRACE_ATTACH to a child.
    const attach = `perl -e '$c = fork // die; if (!$c) { sleep 60 } print syscall(${process.arch === 'x64' ? 101 : 117}, 16, $c, 0, 0), "\\n"; kill 9, $c'`;
    expect(await sandbox.bash(attach)).toBe('0\n');
  });

  asRoot('does not lead through a setuid file or a device on the session’s files', async () => {
    const files = join(sandbox.root, 'a', 'files');
    await copyFile('/usr/bin/id', join(files, 'id'));
    await chown(join(files, 'id'), 0, 0);
    await chmod(join(files, 'id'), 0o6755);
    spawnSync('mknod', ['-m', '666', join(files, 'null'), 'c', '1', '3']);
    expect(await sandbox.bash('./id -u; ./id -ru')).toBe('1000\n1000\n');
    expect(await sandbox.bash('echo x > null')).toContain('Permission denied');
  });

  it('has neither setuid nor devices on the session’s files', async () => {
    expect(await sandbox.bash('grep " /session " /proc/self/mountinfo')).toMatch(
      / \/session rw,nosuid,nodev,/,
    );
    expect(await sandbox.bash('mknod n c 1 3 2>&1')).toContain('Operation not permitted');
  });

  it('does not lead to another session or the home', async () => {
    await sandbox.computers.writeFile('b', 'data/private', 'of b');
    const other = join(sandbox.root, 'b', 'files', 'data', 'private');
    expect(
      await sandbox.bash(`cat ${other} /proc/*/root${other} 2>/dev/null; ls -d ${sandbox.root} 2>/dev/null`),
    ).toBe('');
    const owner = async (id: string): Promise<number> => (await stat(join(sandbox.root, id, 'files'))).uid;
    if (ROOT) expect(await owner('a')).not.toBe(await owner('b'));
  });

  it('does not begin with a key: no environment has a variable of the service', async () => {
    process.env['ANTHROPIC_API_KEY'] = 'sk-of-the-service';
    try {
      for (const pid of await sandbox.pids())
        expect(read(`/proc/${pid}/environ`)).not.toContain('sk-of-the-service');
      expect(await sandbox.bash('env; cat /proc/*/environ')).not.toContain('sk-of-the-service');
    } finally {
      delete process.env['ANTHROPIC_API_KEY'];
    }
  });

  asRoot(
    'is closed to other users, and open to the session though a starting service closes its home',
    async () => {
      const modeOf = async (...names: string[]): Promise<number> =>
        (await stat(join(sandbox.root, ...names))).mode & 0o7777;
      expect(await sandbox.bash('echo first')).toBe('first\n');
      await chmod(sandbox.root, 0o700);
      expect(await sandbox.computers.exec('a', ['ls'], LIMITS)).toMatchObject({ exitCode: 0 });
      // Neither can the names of sessions be read, nor the folder of one be entered by the user of another.
      expect([await modeOf(), await modeOf('a'), await modeOf('a', 'files')]).toEqual([0o711, 0o710, 0o700]);
      const { uid: owner, gid: group } = await stat(join(sandbox.root, 'a'));
      expect([owner, group]).toEqual([0, (await stat(join(sandbox.root, 'a', 'files'))).uid]);
    },
  );

  asRoot('gives the session what the service writes, copies and restores, with its modes', async () => {
    const { computers } = sandbox;
    const bash = (command: string): Promise<string> => sandbox.bash(command);
    const mine = 'find . ! -user session -o ! -group session';
    await computers.writeFile('a', 'data/deep/er/file', 'x');
    await bash('cp /bin/true tool; chmod 4711 tool; ln -s tool link; echo s > sealed; chmod 000 sealed');
    expect(await bash(mine)).toBe('');
    const { snapshotId } = await computers.snapshot('a');
    await computers.restoreSnapshot('a', snapshotId);
    expect(await bash(mine)).toBe('');
    expect(await bash('stat -c %a tool sealed; readlink link')).toBe('4711\n0\ntool\n');
    await computers.stop('b');
    await computers.copyFrom('b', { sessionId: 'a', snapshotId }, { code: true, data: true });
    await computers.start('b');
    const inB = await (await computers.shell('b')).run(`${mine}; stat -c %a tool sealed`, LIMITS);
    expect(inB.output).toBe('4711\n0\n');
    expect(await readFile(join(sandbox.root, 'b', 'files', 'sealed'), 'utf8')).toBe('s\n');
  });
});
