import { expect, it } from '@jest/globals';
import type { ContainerCreateOptions } from 'dockerode';
import { connectEngine } from '../engine/client.js';
import type { Engine } from '../engine/engine.js';
import { sessionNames } from '../engine/naming.js';
import { describeWithDocker } from '../testing/computers.js';
import { flattenRootImage } from './flatten.js';

/** Of every kind that a root filesystem has; `getcap` is not everywhere, so the attribute is read as it is. */
const LEAVE_TRACES = [
  'set -e; mkdir -m 2770 /srv/shared; chown 1000:1000 /srv/shared; echo one > /opt/one; ln /opt/one /opt/hard',
  'ln -s /opt/one /opt/link; cp /bin/true /opt/setuid; chown 1000:1000 /opt/setuid; chmod 6755 /opt/setuid',
  'mkfifo /opt/pipe; head -c 1M /dev/zero > /opt/zeros; rm /etc/issue',
].join('\n');
const SHOW_TRACES = [
  'find /opt /srv -printf "%p %y %m %U:%G %s %l %Ts\\n" | sort; sha256sum /opt/one /opt/hard /opt/zeros',
  'ls /etc/issue 2>&1 | cat; stat -c "%n %a %u %g" /tmp /var/tmp /root /usr/bin/su',
].join('; ');

/** Hundreds of megabytes go through this process and back. */
const LONG_MS = 180_000;

await describeWithDocker('root filesystems of many layers', (fixture) => {
  const imageOf = (id: string) => fixture.docker.getImage(`raworc/session_root:_${id}`).inspect();
  const layersOf = async (id: string): Promise<number> => (await imageOf(id)).RootFS.Layers!.length;

  it(
    'are put together with all that they are, and go on as before',
    async () => {
      const base = (await fixture.docker.getImage('raworc/session:latest').inspect()).RootFS.Layers!.length;
      const computers = fixture.others({ mostLayers: base + 2 });
      const id = await fixture.running({ root: true });
      await fixture.output(id, LEAVE_TRACES);
      const traces = await fixture.output(id, SHOW_TRACES);
      await fixture.computers.stop(id);
      const { Config: config } = await imageOf(id);
      const round = async (change: string): Promise<void> => {
        await fixture.docker.getContainer(`raworc_session_${id}`).remove({ force: true });
        await fixture.computers.start(id);
        await fixture.output(id, change);
        await computers.stop(id);
      };
      await round('echo 1 >> /root/rounds');
      expect(await layersOf(id)).toBe(base + 2);
      await round('echo 2 >> /root/rounds');
      expect(await layersOf(id)).toBeLessThanOrEqual(2);
      const { Config: flat } = await imageOf(id);
      const labels = { ...config.Labels, 'raworc.kept': expect.stringContaining(' ') };
      // Engines before 28 also name the image that the container before was made from.
      expect({ ...flat, Image: undefined }).toEqual({ ...config, Image: undefined, Labels: labels });

      await fixture.computers.start(id);
      expect(await fixture.output(id, SHOW_TRACES)).toBe(traces);
      expect(await fixture.output(id, 'cat /root/rounds; env | grep ^PIP_')).toBe(
        '1\n2\nPIP_BREAK_SYSTEM_PACKAGES=1\n',
      );
      const { Id: before } = await imageOf(id);
      // The keeper listens to signals when its log runs; before, nobody can say what has changed.
      await fixture.output(id, 'until pgrep -x tail; do :; done');
      await computers.stop(id);
      expect(await imageOf(id)).toMatchObject({ Id: before });
      await fixture.computers.start(id);
      await round('echo 3 >> /root/rounds');
      expect(await layersOf(id)).toBeLessThanOrEqual(3);
    },
    LONG_MS,
  );

  it(
    'come flat into a remix, and leave nothing when the session goes',
    async () => {
      const computers = fixture.others({ mostLayers: 1 });
      const id = await fixture.running({ root: true });
      await fixture.output(id, LEAVE_TRACES);
      const traces = await fixture.output(id, SHOW_TRACES);
      const remix = `remix-${id}`;
      await computers.create({ sessionId: remix, root: true });
      await computers.copyFrom(remix, { sessionId: id }, { data: true, code: true });
      expect(await layersOf(remix)).toBeLessThanOrEqual(2);
      await fixture.computers.start(remix);
      expect(await fixture.output(remix, SHOW_TRACES)).toBe(traces);
      for (const sessionId of [remix, id]) await fixture.computers.destroy(sessionId);
      const label = [`raworc.home=${fixture.home}`];
      expect(await fixture.docker.listContainers({ all: true, filters: { label } })).toEqual([]);
      for (const sessionId of [remix, id]) {
        const own = [`raworc.session=${sessionId}`];
        expect(await fixture.docker.listImages({ all: true, filters: { label: own } })).toEqual([]);
      }
    },
    LONG_MS,
  );

  it(
    'leave nothing when the session goes after an engine failed at it half way',
    async () => {
      const id = await fixture.running({ root: true });
      await fixture.output(id, 'echo x > /opt/f');
      await fixture.computers.stop(id);
      const docker = connectEngine();
      const create = docker.createContainer.bind(docker);
      // The first one is exported; of what comes out of that, no second one can be made.
      docker.createContainer = ((options: ContainerCreateOptions) =>
        options.Image?.startsWith('sha256:')
          ? Promise.reject(new Error('no space left'))
          : create(options)) as typeof docker.createContainer;
      const engine = { docker, home: fixture.home } as Engine;
      await expect(flattenRootImage(engine, sessionNames(id))).rejects.toThrow('no space left');
      const label = [`raworc.session=${id}`];
      expect(await fixture.docker.listImages({ filters: { label } })).toHaveLength(2);
      await fixture.computers.destroy(id);
      expect(await fixture.docker.listImages({ all: true, filters: { label } })).toEqual([]);
    },
    LONG_MS,
  );
});
