import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { describeWithOwnEngine } from '../../../test/support/own-engine.js';
import { type DockerFixture, describeWithDocker, useDocker } from './testing/computers.js';

/** A name that every engine knows, for its own runtime. */
const ALWAYS = 'io.containerd.runc.v2';

await describeWithDocker('the runtime of containers', (fixture) => {
  describeRuntime(fixture, ALWAYS);

  it('is refused by name where the engine does not know it', async () => {
    await expect(fixture.running({ runtime: 'no-such-runtime' })).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('no-such-runtime'),
    });
  });
});

describeWithOwnEngine(
  'the runtime of containers, on an engine that knows another one,',
  () => describeRuntime(useDocker(), 'crun'),
  ['crun'],
);

function describeRuntime(fixture: DockerFixture, runtime: string): void {
  const runtimeOf = async (id: string): Promise<unknown> =>
    (await fixture.docker.getContainer(`raworc_session_${id}`).inspect()).HostConfig.Runtime;

  it(`is ${runtime} where a session asks for it, also when its container is made again`, async () => {
    const id = await fixture.running({ runtime });
    expect(await runtimeOf(id)).toBe(runtime);
    expect(await fixture.output(id, 'id -u; echo kept > data/f')).toBe('1000\n');
    await fixture.computers.stop(id);
    await fixture.docker.getContainer(`raworc_session_${id}`).remove();
    await fixture.computers.start(id);
    expect(await runtimeOf(id)).toBe(runtime);
    expect(await fixture.output(id, 'cat data/f')).toBe('kept\n');
  });

  it(`is ${runtime} for all sessions where the service asks for it`, async () => {
    const service = fixture.others({ runtime });
    const id = `s${randomUUID()}`;
    await service.create({ sessionId: id });
    await service.start(id);
    expect(await runtimeOf(id)).toBe(runtime);
    await service.destroy(id);
  });
}
