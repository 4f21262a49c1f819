import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createLocalComputers } from '../local/index.js';
import { LIMITS, describeWithDocker } from './testing/computers.js';

const ALL = { data: true, code: true };

await describeWithDocker('what stays of containers', (fixture) => {
  const install = (id: string, name: string) =>
    fixture.computers.exec(
      id,
      ['bash', '-c', `echo 'echo ${name}' > /usr/local/bin/${name}; chmod 755 /usr/local/bin/${name}`],
      {
        ...LIMITS,
        root: true,
      },
    );

  it('keeps what was installed through stop and start', async () => {
    const id = await fixture.running();
    await install(id, 'tool');
    await fixture.computers.stop(id);
    await fixture.computers.start(id);
    expect(await fixture.output(id, 'tool')).toBe('tool\n');
  });

  it('makes a container that is gone again, around the same files', async () => {
    const id = await fixture.running({ limits: { pids: 99 } });
    await fixture.output(id, 'echo kept > data/f');
    await fixture.docker.getContainer(`raworc_session_${id}`).remove({ force: true });
    expect(await fixture.computers.inspect(id)).toMatchObject({ running: false });
    expect(await fixture.computers.start(id)).toMatchObject({ running: true });
    expect(await fixture.output(id, 'cat data/f')).toBe('kept\n');
    const { HostConfig } = await fixture.docker.getContainer(`raworc_session_${id}`).inspect();
    expect(HostConfig.PidsLimit).toBe(99);
  });

  it('says that a container which was killed does not run', async () => {
    const id = await fixture.running();
    const shell = await fixture.computers.shell(id);
    await fixture.docker.getContainer(`raworc_session_${id}`).kill();
    await expect(fixture.computers.shell(id)).rejects.toMatchObject({ code: 'computer_not_running' });
    expect(shell.alive).toBe(false);
    await fixture.computers.start(id);
    expect(await fixture.output(id, 'echo back')).toBe('back\n');
  });

  it('brings what was installed along in a copy, also of a copy, and leaves the source alone', async () => {
    const source = await fixture.running();
    await install(source, 'tool');
    await fixture.output(source, 'echo 1 > data/f');
    const { digest } = await fixture.computers.snapshot(source);
    for (const [from, to] of [
      [source, 'copy'],
      ['copy', 'second'],
    ] as const) {
      const sessionId = `${to}-${source}`;
      await fixture.computers.create({ sessionId });
      await fixture.computers.copyFrom(
        sessionId,
        { sessionId: from === source ? from : `${from}-${source}` },
        ALL,
      );
      await fixture.computers.start(sessionId);
      expect(await fixture.output(sessionId, 'tool; cat data/f')).toBe('tool\n1\n');
    }
    await install(`second-${source}`, 'other');
    expect((await fixture.bash(source, 'other')).exitCode).toBe(127);
    expect((await fixture.computers.snapshot(source)).digest).toBe(digest);
  });

  it('leaves nothing on the engine when it is destroyed', async () => {
    const id = await fixture.running();
    await install(id, 'tool');
    await fixture.computers.snapshot(id);
    const copy = `copy-${id}`;
    await fixture.computers.create({ sessionId: copy });
    await fixture.computers.copyFrom(copy, { sessionId: id }, ALL);
    for (const sessionId of [id, copy]) await fixture.computers.destroy(sessionId);
    const filters = { label: [`raworc.home=${fixture.home}`] };
    expect(await fixture.docker.listContainers({ all: true, filters })).toEqual([]);
    expect((await fixture.docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
    expect(await fixture.docker.listImages({ filters })).toEqual([]);
  });

  it('digests files as the local driver does', async () => {
    const root = await mkdtemp(join(tmpdir(), 'raworc-digest-'));
    const local = createLocalComputers({ root, mode: 'unsafe' });
    const id = await fixture.running();
    const tree =
      `umask 022; mkdir -p code/é data/e; printf 'a\\0b' > data/b; ln -s ../nowhere code/link; : > code/é/empty; ` +
      `touch $'data/\\xff' $'data/new\\nline"\\x7f\\x01' data/ﬀ data/🐎; chmod 640 data/b; mkfifo data/pipe`;
    try {
      await local.create({ sessionId: id });
      await local.start(id);
      await (await local.shell(id)).run(tree, LIMITS);
      await fixture.output(id, tree);
      const expected = await local.snapshot(id);
      expect(await fixture.computers.snapshot(id)).toMatchObject({
        digest: expected.digest,
        files: expected.files,
        bytes: expected.bytes,
        changed: expected.changed,
      });
    } finally {
      await local.destroy(id);
      await rm(root, { recursive: true, force: true });
    }
  });

  it('is no image for another session, by whatever name', async () => {
    const id = await fixture.running({ root: true });
    await install(id, 'tool');
    await fixture.output(id, 'echo secret > /opt/f');
    await fixture.computers.stop(id);
    const name = `raworc/session_root:_${id}`;
    const image = fixture.docker.getImage(name);
    const { Id: digest } = await image.inspect();
    const [repo, tag] = ['raworc/test', `other-${id}`];
    await image.tag({ repo, tag });
    try {
      for (const named of [name, digest, digest.slice(7, 19), `${repo}:${tag}`]) {
        const created = fixture.computers.create({ sessionId: `thief-${id}`, image: named });
        await expect(created).rejects.toMatchObject({ code: 'command_refused' });
      }
    } finally {
      await fixture.docker.getImage(`${repo}:${tag}`).remove();
    }
    await fixture.computers.start(id);
    expect(await fixture.output(id, 'tool; cat /opt/f')).toBe('tool\nsecret\n');
  });
});
