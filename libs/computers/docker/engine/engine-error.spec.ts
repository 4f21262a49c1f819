import { describe, expect, it } from '@jest/globals';
import { createDockerComputers, dockerProblem } from '../index.js';
import { describeWithDocker } from '../testing/computers.js';

describe('an engine that does not answer', () => {
  const docker = { socketPath: '/nonexistent/docker.sock' };

  it('is told with what to do, by every verb', async () => {
    const computers = createDockerComputers({ docker, home: 'nowhere' });
    const told = { code: 'driver_unavailable', message: expect.stringMatching(/does not answer.*Start it/) };
    await expect(computers.list()).rejects.toMatchObject(told);
    await expect(computers.create({ sessionId: 'a' })).rejects.toMatchObject(told);
    await expect(computers.readFile('a', 'f')).rejects.toMatchObject(told);
  });

  it('is a problem that can be asked for', async () => {
    expect(await dockerProblem({ docker })).toMatch(/does not answer/);
  });
});

await describeWithDocker('an image that is missing', (fixture) => {
  it('is told with how to build it, and leaves nothing behind', async () => {
    await expect(
      fixture.computers.create({ sessionId: `imageless-${fixture.home}`, image: 'raworc/no-such-image' }),
    ).rejects.toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/raworc\/no-such-image.*images build/),
    });
    expect(await fixture.computers.list()).toEqual([]);
    expect(await dockerProblem({ image: 'raworc/no-such-image' })).toMatch(/images build/);
  });
});
