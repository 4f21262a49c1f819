import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { LIMITS, describeWithDocker } from './testing/computers.js';

/** A package of nothing but a program, made and installed without any network. */
const INSTALL_DEB = [
  'set -e; cd "$(mktemp -d)"; mkdir -p pkg/DEBIAN pkg/usr/bin',
  `printf 'Package: raworc-greeter\\nVersion: 1\\nArchitecture: all\\nMaintainer: Nobody <nobody@example.com>\\nDescription: greets\\n' > pkg/DEBIAN/control`,
  `printf '#!/bin/sh\\necho greeted\\n' > pkg/usr/bin/greeter; chmod 755 pkg/usr/bin/greeter pkg/DEBIAN`,
  'dpkg-deb --root-owner-group --build pkg greeter.deb; apt-get install -y --no-install-recommends ./greeter.deb',
].join('\n');
const INSTALL_MODULE = [
  'set -e; cd "$(mktemp -d)"; echo "name = \'installed\'" > greetings.py',
  `printf 'from setuptools import setup\\nsetup(name="greetings", version="1", py_modules=["greetings"])\\n' > setup.py`,
  'pip install --quiet --no-build-isolation --root-user-action=ignore .',
].join('\n');
const USE_BOTH = 'greeter; cd /; python3 -c "import greetings; print(greetings.name)"';

await describeWithDocker('root in containers', (fixture) => {
  it('is what a root session’s shell, commands and files are', async () => {
    const id = await fixture.running({ root: true });
    expect(await fixture.output(id, 'id -u; echo $HOME; (umask 077; echo private > data/f)')).toBe(
      '0\n/root\n',
    );
    expect((await fixture.computers.exec(id, ['id', '-u'], LIMITS)).output).toBe('0\n');
    expect(Buffer.from(await fixture.computers.readFile(id, 'data/f')).toString()).toBe('private\n');
    await fixture.computers.writeFile(id, 'data/made', 'x');
    expect(await fixture.output(id, 'stat -c %u data/made')).toBe('0\n');
    await fixture.computers.stop(id);
    expect(Buffer.from(await fixture.computers.readFile(id, 'data/f')).toString()).toBe('private\n');
  });

  it('installs packages in a root session', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, `(${INSTALL_DEB}) && (${INSTALL_MODULE})`);
    expect(await fixture.output(id, USE_BOTH)).toBe('greeted\ninstalled\n');
  });

  it('installs packages for a session that is not root’s when the service asks, as for its setup', async () => {
    const id = await fixture.running();
    const root = { ...LIMITS, root: true };
    for (const script of [INSTALL_DEB, INSTALL_MODULE]) {
      expect(await fixture.computers.exec(id, ['bash', '-c', script], root)).toMatchObject({ exitCode: 0 });
    }
    expect(await fixture.output(id, USE_BOTH)).toBe('greeted\ninstalled\n');
  });

  it('is asked nothing by what it installs, nor by what somebody installs by docker exec', async () => {
    const [root, other] = [await fixture.running({ root: true }), await fixture.running()];
    const asked = 'echo "$DEBIAN_FRONTEND"';
    const byHand = async (id: string): Promise<string> => {
      const argv = ['exec', `raworc_session_${id}`, 'sh', '-c', asked];
      return (await promisify(execFile)('docker', argv)).stdout;
    };
    expect([await fixture.output(root, asked), await byHand(root)]).toEqual([
      'noninteractive\n',
      'noninteractive\n',
    ]);
    expect([await fixture.output(other, asked), await byHand(other)]).toEqual(['\n', '\n']);
  });

  it('keeps owners of files that it writes', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(
      id,
      'echo x > data/f; chown 1000:1000 data/f; chmod 4755 data/f; cp -p data/f data/g; ln data/g data/h',
    );
    await fixture.computers.writeFile(id, 'data/f', 'y');
    await fixture.computers.writeFile(id, 'data/g', 'y');
    expect(await fixture.output(id, 'stat -c "%u:%g %a %h" data/f data/g; cat data/h')).toBe(
      '1000:1000 4755 1\n1000:1000 4755 2\ny',
    );
  });

  it('stays the owner of a file that another user may write, and of none that is replaced', async () => {
    const id = await fixture.running();
    const asRoot = { ...LIMITS, root: true };
    const make = 'for f in a b; do echo x > data/$f; done; chmod 666 data/a; chmod 6755 data/b';
    await fixture.computers.exec(id, ['bash', '-c', make], asRoot);
    await fixture.computers.writeFile(id, 'data/a', 'in place');
    await fixture.computers.writeFile(id, 'data/b', 'replaced');
    expect(await fixture.output(id, 'stat -c "%u %a" data/a data/b; cat data/a data/b')).toBe(
      '0 666\n1000 755\nin placereplaced',
    );
  });

  it('is out of reach for a session that is not root’s', async () => {
    const id = await fixture.running();
    expect((await fixture.bash(id, `(${INSTALL_DEB})`)).exitCode).not.toBe(0);
    expect(
      (await fixture.bash(id, 'pip install --target /usr/lib/python3/dist-packages x')).exitCode,
    ).not.toBe(0);
    expect((await fixture.bash(id, 'su -c id || sudo id')).exitCode).not.toBe(0);
  });

  it('has no more capabilities in a root session than installing needs', async () => {
    const id = await fixture.running({ root: true });
    for (const attempt of [
      'mount -t tmpfs x /mnt',
      'mknod /tmp/disk b 8 0',
      'hostname other',
      'ip link add x type dummy || chroot / true',
      'echo 1 > /proc/sys/kernel/sysrq',
      'iptables -L || unshare --mount true',
      'python3 -c "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)"',
    ]) {
      expect({ attempt, ...(await fixture.bash(id, attempt)) }).not.toMatchObject({ exitCode: 0 });
    }
    expect(await fixture.output(id, 'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | tr "\\t" " "')).toBe(
      'CapEff: 00000000000000fb\nNoNewPrivs: 1\n',
    );
  });

  it('may write anywhere by command, but by file only in the session’s folder', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo x > /etc/made; ln -s /etc data/etc; ln -s /etc/made data/link');
    const refused = { code: 'path_outside_computer' };
    for (const path of ['/etc/made', 'data/etc/made', 'data/link', '../etc/made']) {
      await expect(fixture.computers.readFile(id, path)).rejects.toMatchObject(refused);
      await expect(fixture.computers.writeFile(id, path, 'y')).rejects.toMatchObject(refused);
    }
    expect(await fixture.output(id, 'cat /etc/made')).toBe('x\n');
  });

  it('and network are remembered for a container that is made again, and by other processes', async () => {
    const id = await fixture.running({ root: true, network: 'none' });
    await fixture.docker.getContainer(`raworc_session_${id}`).remove({ force: true });
    const other = fixture.others({});
    await other.start(id);
    const { output } = await (await other.shell(id)).run('id -u; ls /sys/class/net', LIMITS);
    expect(output).toBe('0\nlo\n');
  });
});
