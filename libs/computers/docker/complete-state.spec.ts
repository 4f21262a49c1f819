import { expect, it } from '@jest/globals';
import { removeContainers } from './belongings/index.js';
import { LIMITS, describeWithDocker } from './testing/computers.js';

const ALL = { data: true, code: true };

/** Files of every kind in every place that counts. */
const LEAVE_TRACES = [
  'set -e; mkdir -p /opt/tool/bin; echo "echo tool" > /opt/tool/bin/tool; chmod 755 /opt/tool/bin/tool',
  'ln -s /opt/tool/bin/tool /usr/local/bin/tool; ln /opt/tool/bin/tool /opt/tool/hard; chmod 750 /opt/tool',
  'echo home > ~/.remembered; echo "# ours" >> /etc/environment; rm /etc/issue; mkdir -m 2775 /srv/shared',
  'chown 1000:1000 /srv/shared; echo mine > data/mine; chmod 600 data/mine; chmod 1777 /opt',
].join('\n');
const SHOW_TRACES = [
  'tool; cat ~/.remembered /session/data/mine; tail -n 1 /etc/environment; ls /etc/issue 2>&1 | grep -c "No such"',
  'stat -c "%n %a %u %g %h %F" /opt /opt/tool /opt/tool/bin/tool /opt/tool/hard /srv/shared data/mine',
  'readlink /usr/local/bin/tool; find /opt /srv -exec stat -c "%n %Y" {} + | sort',
].join('; ');

await describeWithDocker('the complete state of containers', (fixture) => {
  const engineOf = (id: string) => fixture.docker.getContainer(`raworc_session_${id}`);
  const imagesOf = (id: string) =>
    fixture.docker.listImages({
      filters: { label: [`raworc.session=${id}`, `raworc.home=${fixture.home}`] },
    });
  const restart = async (id: string): Promise<void> => {
    await fixture.computers.stop(id);
    await fixture.computers.start(id);
  };
  /** As when the engine was cleaned up by somebody. */
  const rebuild = async (id: string): Promise<void> => {
    await fixture.computers.stop(id);
    await engineOf(id).remove();
    await fixture.computers.start(id);
  };
  const remix = async (source: string): Promise<string> => {
    const sessionId = `remix-${source}`;
    await fixture.computers.create({ sessionId, root: true });
    await fixture.computers.copyFrom(sessionId, { sessionId: source }, ALL);
    await fixture.computers.start(sessionId);
    return sessionId;
  };

  it('survives stop and start, the loss of the container, and remixes', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, LEAVE_TRACES);
    const traces = await fixture.output(id, SHOW_TRACES);
    const { digest } = await fixture.computers.snapshot(id);

    const fromRunning = await remix(id);
    expect(await fixture.output(fromRunning, SHOW_TRACES)).toBe(traces);
    await fixture.computers.destroy(fromRunning);
    for (const again of [restart, rebuild, rebuild, restart]) {
      await again(id);
      expect(await fixture.output(id, SHOW_TRACES)).toBe(traces);
    }
    await fixture.computers.stop(id);
    const fromClosed = await remix(id);
    expect(await fixture.output(fromClosed, SHOW_TRACES)).toBe(traces);
    await fixture.output(fromClosed, 'rm -rf /opt/tool; echo other > data/mine');
    await rebuild(fromClosed);
    expect((await fixture.bash(fromClosed, 'tool')).exitCode).not.toBe(0);

    await fixture.computers.start(id);
    expect(await fixture.output(id, SHOW_TRACES)).toBe(traces);
    expect((await fixture.computers.snapshot(id)).digest).toBe(digest);
  });

  it('survives ten rounds of changes, with one image, and another process doing every second round', async () => {
    const id = await fixture.running({ root: true });
    const processes = [fixture.computers, fixture.others({})];
    for (let round = 0; round < 10; round++) {
      const computers = processes[round % 2]!;
      await computers.start(id);
      const change = `echo ${round} >> /opt/rounds; echo ${round} >> data/rounds; sha256sum /opt/rounds data/rounds`;
      const { output } = await (await computers.shell(id)).run(change, LIMITS);
      const { digest } = await computers.snapshot(id);
      await computers.stop(id);
      if (round % 3 === 0) await engineOf(id).remove();
      await computers.start(id);
      const shown = await (await computers.shell(id)).run('sha256sum /opt/rounds data/rounds', LIMITS);
      expect(shown.output).toBe(output);
      expect((await computers.snapshot(id)).digest).toBe(digest);
    }
    expect(
      (await imagesOf(id)).filter(({ RepoTags: names }) => names?.[0]?.startsWith('raworc/')),
    ).toHaveLength(1);
    await fixture.computers.destroy(id);
    expect(await imagesOf(id)).toEqual([]);
  });

  it('is removed as a whole, whatever somebody removed by hand before', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo x > /opt/f');
    await fixture.computers.snapshot(id);
    await fixture.computers.stop(id);
    await engineOf(id).remove();
    await fixture.docker.getVolume(`raworc_session_data_${id}`).remove();
    await fixture.computers.destroy(id);
    const { Volumes: left } = await fixture.docker.listVolumes({ filters: { name: [id] } });
    expect(left).toEqual([]);
    expect(await imagesOf(id)).toEqual([]);
  });

  it('is removed as a whole after a remix of it, whose container goes on', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo source > /opt/f');
    await fixture.computers.stop(id);
    const copy = await remix(id);
    await fixture.output(copy, 'echo more >> /opt/f');
    await restart(copy);
    await fixture.computers.destroy(id);
    expect(await fixture.computers.inspect(id)).toBeUndefined();
    expect(await imagesOf(id)).toEqual([]);
    await rebuild(copy);
    expect(await fixture.output(copy, 'cat /opt/f')).toBe('source\nmore\n');
  });

  it('survives the removal of all containers of the home', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo kept > /opt/f');
    expect(await removeContainers(fixture.home)).toEqual([`raworc_session_${id}`]);
    await fixture.computers.start(id);
    expect(await fixture.output(id, 'cat /opt/f')).toBe('kept\n');
  });

  it('costs an image only when root has changed something', async () => {
    const id = await fixture.running();
    await fixture.output(id, 'echo x > data/f; echo y > /tmp/y; echo z > /var/tmp/z');
    await restart(id);
    await fixture.computers.exec(id, ['true'], { ...LIMITS, root: true });
    await fixture.computers.stop(id);
    expect(await imagesOf(id)).toEqual([]);
    await fixture.computers.start(id);
    await fixture.computers.exec(id, ['rm', '/etc/issue'], { ...LIMITS, root: true });
    await fixture.computers.stop(id);
    const [image] = await imagesOf(id);
    expect(image).toBeDefined();
    await restart(id);
    // The keeper listens to signals when its log runs; before, nobody can say what has changed.
    await fixture.output(id, 'until pgrep -x tail; do :; done');
    await fixture.computers.stop(id);
    expect((await imagesOf(id)).map(({ Id }) => Id)).toEqual([image!.Id]);
  });

  it('is kept later when nobody was there to keep it', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo kept > /opt/f');
    // The service dies between the two steps of a stop; the container has ended, and is not kept.
    await engineOf(id).kill({ signal: 'SIGUSR1' });
    await engineOf(id).wait();
    expect(await imagesOf(id)).toEqual([]);
    const other = fixture.others({});
    await other.stop(id);
    await engineOf(id).remove();
    await other.start(id);
    expect((await other.exec(id, ['cat', '/opt/f'], LIMITS)).output).toBe('kept\n');

    await fixture.output(id, 'echo killed > /opt/f');
    await engineOf(id).kill();
    await fixture.computers.start(id);
    await rebuild(id);
    expect(await fixture.output(id, 'cat /opt/f')).toBe('killed\n');
  });
});
