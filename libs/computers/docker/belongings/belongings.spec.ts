import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ContainerCreateOptions } from 'dockerode';
import { ensureNetwork, found, settled, type Engine } from '../engine/engine.js';
import { NETWORK, SESSION_IMAGE } from '../engine/naming.js';
import { describeWithDocker } from '../testing/computers.js';
import { findBelongings, removeBelongings } from './index.js';

await describeWithDocker('what an engine has of a home', (fixture) => {
  let foreign: string[];
  let made: string[];
  beforeEach(async () => {
    [foreign, made] = [[], []];
    // Sessions of other specs are in the network, or about to be: with a member it stays.
    await ensureNetwork({ docker: fixture.docker } as Engine);
    await stranger({ Image: SESSION_IMAGE, HostConfig: { NetworkMode: NETWORK } });
  });
  afterEach(async () => {
    for (const id of foreign) await settled(fixture.docker.getContainer(id).remove({ force: true }));
    for (const id of made) await settled(fixture.docker.getImage(id).remove());
  });

  const stranger = async (options: ContainerCreateOptions): Promise<string> => {
    const { id } = await fixture.docker.createContainer({ Cmd: ['true'], ...options });
    foreign.push(id);
    return id;
  };
  /** As a failure leaves it behind. */
  const nameless = async (home: string): Promise<string> => {
    const container = fixture.docker.getContainer(await stranger({ Image: SESSION_IMAGE }));
    const changes = `LABEL raworc.home=${home} made=${randomUUID()}`;
    const { Id } = (await container.commit({ changes })) as { Id: string };
    made.push(Id);
    return Id;
  };
  const exists = async (image: string): Promise<boolean> =>
    (await found(fixture.docker.getImage(image).inspect())) !== undefined;

  it('includes its images that have lost their names, and nobody else’s', async () => {
    const own = await nameless(fixture.home);
    const other = await nameless(`${fixture.home}-other`);
    expect((await findBelongings(fixture.home)).images).toEqual([own]);
    expect(await removeBelongings(fixture.home)).toMatchObject({ images: [own], network: false });
    expect([await exists(own), await exists(other)]).toEqual([false, true]);
    expect((await removeBelongings(`${fixture.home}-other`)).images).toEqual([other]);
    expect(await exists(other)).toBe(false);
  });

  it('includes the root filesystems of its sessions', async () => {
    const id = await fixture.running({ root: true });
    await fixture.output(id, 'echo x > /opt/f');
    await fixture.computers.stop(id);
    const images = [`raworc/session_root:_${id}`];
    expect((await findBelongings(fixture.home)).images).toEqual(images);
    expect(await removeBelongings(fixture.home)).toMatchObject({ images });
    expect(await findBelongings(fixture.home)).toEqual({ containers: [], volumes: [], images: [] });
  });

  it('stays where somebody else’s container is made from it', async () => {
    const image = await nameless(fixture.home);
    const user = await stranger({ Image: image, Labels: { 'raworc.home': 'nobody' } });
    expect((await removeBelongings(fixture.home)).images).toEqual([]);
    expect(await exists(image)).toBe(true);
    await fixture.docker.getContainer(user).remove({ force: true });
    expect((await removeBelongings(fixture.home)).images).toEqual([image]);
  });
});
