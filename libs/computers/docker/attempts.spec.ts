import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { LABELS } from './engine/naming.js';
import { LIMITS, describeWithDocker } from './testing/computers.js';

/** PTRACE_ATTACH to the process in $1. */
const ATTACH = `import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(16, int(sys.argv[1]), 0, 0) != 0)`;
const ROUNDS = 20;

await describeWithDocker('attempts to leave a container', (fixture) => {
  const fails = async (id: string, command: string): Promise<void> => {
    expect({ command, ...(await fixture.bash(id, command)) }).not.toMatchObject({ exitCode: 0 });
  };

  it('do not reach the files of the host', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'raworc-host-'));
    await writeFile(join(folder, 'token'), 'of the service');
    try {
      const id = await fixture.running({ root: true });
      for (const path of [
        join(folder, 'token'),
        '/var/run/docker.sock',
        '/proc/1/root/var/run/docker.sock',
      ]) {
        await fails(id, `cat ${path}`);
      }
      expect(
        await fixture.output(id, 'find / -xdev -type b; ls /dev/vd* /dev/sd* /dev/mem 2>/dev/null || :'),
      ).toBe('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('get nothing out of the keeper, nor an end of it', async () => {
    const id = await fixture.running();
    const keeper = (await fixture.output(id, 'pgrep -of raworc-keeper -P 1')).trim();
    for (const pid of ['1', keeper]) {
      for (const file of ['environ', 'mem', 'root/etc/shadow', 'fd/1', 'map_files']) {
        await fails(id, `head -c 1 /proc/${pid}/${file} || ls /proc/${pid}/${file}/`);
      }
      await fails(id, `kill -KILL ${pid}`);
      await fails(id, `python3 -c '${ATTACH}' ${pid}`);
    }
    expect(await fixture.computers.inspect(id)).toMatchObject({ running: true });
  });

  it('get no rights from programs that give some', async () => {
    const id = await fixture.running();
    const install = 'cp /bin/bash /opt/rights; chmod 6755 /opt/rights';
    await fixture.computers.exec(id, ['bash', '-c', install], { ...LIMITS, root: true });
    expect(await fixture.output(id, '/opt/rights -p -c "id -u; id -g; grep CapEff /proc/self/status"')).toBe(
      '1000\n1000\nCapEff:\t0000000000000000\n',
    );
  });

  it('change nothing of the machine', async () => {
    const id = await fixture.running();
    for (const attempt of [
      'hostname other',
      'mknod data/disk b 8 0',
      'mount --bind /etc data',
      'unshare --map-root-user true',
      'echo x > /proc/sys/kernel/hostname',
      'echo 1 > /proc/sysrq-trigger',
      'echo 1 > /sys/fs/cgroup/memory/memory.limit_in_bytes || echo max > /sys/fs/cgroup/memory.max',
      'date -s 2000-01-01',
      'nice -n -5 true 2>&1 | grep -v "cannot set" && renice -n -5 $$',
    ]) {
      await fails(id, attempt);
    }
  });

  it.each([true, false])(
    'by a link that takes a folder’s place during a call read and write nothing (root: %p)',
    async (root) => {
      const id = await fixture.running({ root });
      const swap = 'ln -sfn /etc data/d; rm data/d; mkdir data/d; echo own > data/d/hosts; rm -r data/d';
      await fixture.output(id, `{ while :; do ${swap}; done; } >/dev/null 2>&1 & true`);
      for (let round = 0; round < ROUNDS; round++) {
        const [read] = await Promise.allSettled([
          fixture.computers.readFile(id, 'data/d/hosts'),
          fixture.computers.writeFile(id, 'data/d/written', 'x'),
          fixture.computers.listFiles(id, 'data/d'),
        ]);
        if (read.status === 'fulfilled') expect(Buffer.from(read.value).toString()).toMatch(/^(own\n)?$/);
      }
      await fails(id, 'ls /etc/written');
    },
  );

  it('reach nothing at all without a network, which each session may do without', async () => {
    const [alone, other] = [await fixture.running({ network: 'none' }), await fixture.running()];
    const address = (await fixture.output(other, 'hostname -i')).trim();
    const gateway = address.replace(/\d+$/, '1');
    expect(await fixture.output(alone, 'ls /sys/class/net')).toBe('lo\n');
    for (const target of [address, gateway, '172.17.0.1', 'example.com']) {
      await fails(alone, `timeout 2 bash -c '</dev/tcp/${target}/80'`);
    }
    const computers = fixture.others({ network: 'none' });
    const id = `none-${alone}`;
    await computers.create({ sessionId: id });
    await computers.start(id);
    expect((await computers.exec(id, ['ls', '/sys/class/net'], LIMITS)).output).toBe('lo\n');
  });

  it('to fill the disk are told as such', async () => {
    const sessionId = `full-${fixture.home}`.slice(0, 64);
    await fixture.docker.createVolume({
      Name: `raworc_session_data_${sessionId}`,
      Labels: { [LABELS.managed]: 'true', [LABELS.home]: fixture.home, [LABELS.session]: sessionId },
      DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' },
    });
    await fixture.computers.start(sessionId);
    const full = { code: 'disk_full', message: expect.stringContaining('data/big') };
    await expect(
      fixture.computers.writeFile(sessionId, 'data/big', Buffer.alloc(2 << 20, 1)),
    ).rejects.toMatchObject(full);
    expect(await fixture.output(sessionId, 'ls -A data')).toBe('');
    const { output } = await fixture.bash(sessionId, 'head -c 2M /dev/zero > data/big');
    expect(output).toContain('No space left on device');
  });
});
