import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { expect, it } from '@jest/globals';
import { describeWithDocker } from './testing/computers.js';

/** A name that every engine with containerd knows, for its own runtime. */
const ALWAYS = 'io.containerd.runc.v2';

const known = await new Docker()
  .info()
  .then((info: { Runtimes?: Record<string, unknown> }) => Object.keys(info.Runtimes ?? {}))
  .catch((): string[] => []);
const runtimes = [...(known.includes(ALWAYS) ? [ALWAYS] : []), ...(known.includes('crun') ? ['crun'] : [])];
if (!known.includes('crun'))
  process.stderr.write('not run, because the engine does not know crun: its sessions\n');

await describeWithDocker('the runtime of containers', (fixture) => {
  const runtimeOf = async (id: string): Promise<unknown> =>
    (await fixture.docker.getContainer(`raworc_session_${id}`).inspect()).HostConfig.Runtime;

  it.each(runtimes)(
    'is %s where a session asks for it, also when its container is made again',
    async (runtime) => {
      const id = await fixture.running({ runtime });
      expect(await runtimeOf(id)).toBe(runtime);
      expect(await fixture.output(id, 'id -u; echo kept > data/f')).toBe('1000\n');
      await fixture.computers.stop(id);
      await fixture.docker.getContainer(`raworc_session_${id}`).remove();
      await fixture.computers.start(id);
      expect(await runtimeOf(id)).toBe(runtime);
      expect(await fixture.output(id, 'cat data/f')).toBe('kept\n');
    },
  );

  it.each(runtimes)('is %s for all sessions where the service asks for it', async (runtime) => {
    const service = fixture.others({ runtime });
    const id = `s${randomUUID()}`;
    await service.create({ sessionId: id });
    await service.start(id);
    expect(await runtimeOf(id)).toBe(runtime);
    await service.destroy(id);
  });

  it('is refused by name where the engine does not know it', async () => {
    await expect(fixture.running({ runtime: 'no-such-runtime' })).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('no-such-runtime'),
    });
  });
});
