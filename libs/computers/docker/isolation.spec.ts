import { spawnSync } from 'node:child_process';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { SESSION_IMAGE } from './engine/naming.js';
import { LIMITS, describeWithDocker } from './testing/computers.js';

await describeWithDocker('isolation of containers', (fixture) => {
  const root = { ...LIMITS, root: true };
  /** Succeeds when something accepts a connection. */
  const connect = (host: string, port: number): string => `timeout 2 bash -c '</dev/tcp/${host}/${port}'`;

  it('runs commands as a user without any capability', async () => {
    const id = await fixture.running();
    const status = await fixture.output(
      id,
      'id -u; grep -E "^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)" /proc/self/status',
    );
    expect(status.replaceAll('\t', ' ').trim().split('\n').sort()).toEqual([
      '1000',
      'CapAmb: 0000000000000000',
      'CapEff: 0000000000000000',
      'CapInh: 0000000000000000',
      'CapPrm: 0000000000000000',
      'NoNewPrivs: 1',
    ]);
    for (const attempt of [
      'touch /etc/x',
      'touch /usr/bin/x',
      'mount -t tmpfs x /mnt',
      'chroot / true',
      'dmesg',
    ]) {
      expect((await fixture.bash(id, attempt)).exitCode).not.toBe(0);
    }
  });

  it('gives root what installing needs, and no more', async () => {
    const id = await fixture.running();
    const install =
      'id -u; touch /usr/local/bin/tool && chown 1000 /usr/local/bin/tool; mount -t tmpfs x /mnt';
    const { output, exitCode } = await fixture.computers.exec(id, ['bash', '-c', install], root);
    expect(output).toMatch(/^0\n.*permission denied/s);
    expect(exitCode).not.toBe(0);
    expect(await fixture.output(id, 'stat -c %u /usr/local/bin/tool')).toBe('1000\n');
  });

  it('reaches nothing that listens on the loopback addresses of the host', async () => {
    const id = await fixture.running();
    const server: Server = createServer((_request, response) => response.end('secret'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const network = (await fixture.docker.getNetwork('raworc_sessions').inspect()) as {
        IPAM: { Config: { Gateway: string }[] };
      };
      const gateway = network.IPAM.Config[0]?.Gateway ?? '';
      expect(gateway).toMatch(/^\d+\./);
      for (const host of ['127.0.0.1', 'localhost', gateway]) {
        expect((await fixture.bash(id, connect(host, port))).exitCode).not.toBe(0);
      }
    } finally {
      server.close();
    }
  });

  it('does not reach another session, by its address or the name of its container', async () => {
    const [one, other] = [await fixture.running(), await fixture.running()];
    await fixture.output(
      other,
      `python3 -m http.server 8000 >/dev/null 2>&1 & until ${connect('127.0.0.1', 8000)} 2>/dev/null; do sleep 0.05; done`,
    );
    const address = (await fixture.output(other, 'hostname -i')).trim();
    expect((await fixture.bash(other, connect(address, 8000))).exitCode).toBe(0);
    for (const host of [address, `raworc_session_${other}`])
      expect((await fixture.bash(one, connect(host, 8000))).exitCode).not.toBe(0);
    expect((await fixture.bash(one, `ls -d /proc/[0-9]*`)).output).not.toContain('http.server');
  });

  it('gains nothing from a setuid file or a device on the session’s volume', async () => {
    const id = await fixture.running();
    const plant =
      'cp /usr/bin/id /session/id && chmod 6755 /session/id && stat -c "%U %a" /session/id; mknod -m 666 /session/disk c 1 3';
    const { output } = await fixture.computers.exec(id, ['bash', '-c', plant], root);
    expect(output).toBe('root 6755\nmknod: /session/disk: Operation not permitted\n');
    expect(await fixture.output(id, './id -u; ./id -g; ./id -ru')).toBe('1000\n1000\n1000\n');
    expect((await fixture.bash(id, 'mknod disk c 1 3')).exitCode).not.toBe(0);
    // One that came by another way, such as a copy: made by a container of the engine that may do it.
    const volume = `raworc_session_data_${id}`;
    const made = spawnSync('docker', [
      ...['run', '--rm', '--network', 'none', '--user', '0:0', '--entrypoint', 'mknod', '-v', `${volume}:/v`],
      ...[SESSION_IMAGE, '-m', '666', '/v/memory', 'c', '1', '1'],
    ]);
    expect(made.status).toBe(0);
    expect((await fixture.bash(id, 'head -c 1 memory')).output).toContain('Operation not permitted');
  });

  it('starts with more processors than the engine has', async () => {
    const { NCPU: processors } = (await fixture.docker.info()) as { NCPU: number };
    const service = fixture.others({ limits: { cpus: processors + 1 } });
    const id = await fixture.running();
    // The program that takes snapshots has the service's limits, the container those of its session.
    await service.start(id);
    expect((await service.snapshot(id)).files).toBeGreaterThanOrEqual(0);
    const more = await fixture.running({ limits: { cpus: processors + 1 } });
    const { HostConfig: limits } = await fixture.docker.getContainer(`raworc_session_${more}`).inspect();
    expect(limits).toMatchObject({ CpuPeriod: 100_000, CpuQuota: (processors + 1) * 100_000 });
  });

  it('contains a fork bomb, and works on when it is over', async () => {
    const [id, other] = [await fixture.running({ limits: { pids: 64 } }), await fixture.running()];
    await fixture.output(id, 'echo kept > data/f');
    const bomb = await fixture.bash(id, 'bomb() { bomb | bomb & }; bomb; while :; do bomb; done', 1_000);
    expect(bomb.outcome).toBe('timed_out');
    expect(await fixture.output(other, 'echo answers')).toBe('answers\n');
    await fixture.computers.start(id);
    expect(await fixture.computers.exec(id, ['cat', 'data/f'], LIMITS)).toMatchObject({ output: 'kept\n' });
    expect(await fixture.output(id, 'echo works')).toMatch(/works\n$/);
    expect((await fixture.computers.stats(id)).processes).toBeLessThan(10);
  });

  it('kills what takes more memory than there is, not the shell', async () => {
    const id = await fixture.running({ limits: { memoryMb: 96 } });
    await fixture.output(id, 'x=kept');
    const hog = await fixture.bash(id, `python3 -c 'x = bytearray(400 << 20)'`);
    expect(hog.exitCode).not.toBe(0);
    expect(await fixture.output(id, 'echo $x')).toBe('kept\n');
  });

  it('leaves no secret in what the engine tells of a container', async () => {
    const id = await fixture.running({ env: { TOKEN: 'very-secret' } });
    expect(await fixture.output(id, 'echo $TOKEN')).toBe('very-secret\n');
    const container = await fixture.docker.getContainer(`raworc_session_${id}`).inspect();
    expect(JSON.stringify(container)).not.toContain('very-secret');
  });

  it('keeps the computers of two services apart', async () => {
    const id = await fixture.running();
    const stranger = fixture.others({ home: `${fixture.home}-other` });
    expect(await stranger.list()).toEqual([]);
    await expect(stranger.exec(id, ['true'], LIMITS)).rejects.toMatchObject({ code: 'command_refused' });
    await expect(stranger.destroy(id)).rejects.toMatchObject({ code: 'command_refused' });
    expect(await fixture.computers.inspect(id)).toMatchObject({ running: true });
  });
});
