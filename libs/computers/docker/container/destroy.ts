import type { DockerComputer } from '../docker-computer.js';
import { removeNamelessVolume, settled } from '../engine/engine.js';
import { removeContainer } from '../engine/helper.js';
import { LABELS } from '../engine/naming.js';
import { removeRootImages } from './root-filesystem.js';

/**
 * Removes everything that the engine has of a session, also what is left when somebody removed a part of it by hand.
 * The volume that makes it known goes last.
 */
export async function destroyComputer(computer: DockerComputer): Promise<void> {
  computer.letGo();
  // Refuses what belongs to another service.
  const found = await computer.find();
  const { docker } = computer.engine;
  await computer.snapshots.close();
  await removeContainers(computer);
  await removeSnapshots(computer);
  await removeRootImages(computer);
  if (found) await settled(docker.getVolume(computer.names.volume).remove());
  else await removeNamelessVolume(computer.engine, computer.names.volume);
}

/** The session's own, and helpers: those at work, and those left behind by a service that was killed. */
export async function removeContainers({ engine: { docker, home }, names }: DockerComputer): Promise<void> {
  const listed = [LABELS.session, LABELS.helper].map((name) =>
    docker.listContainers({
      all: true,
      filters: { label: [`${name}=${names.sessionId}`, `${LABELS.home}=${home}`] },
    }),
  );
  for (const { Id } of (await Promise.all(listed)).flat()) {
    await removeContainer(docker.getContainer(Id));
  }
}

async function removeSnapshots({ engine: { docker, home }, names }: DockerComputer): Promise<void> {
  const label = [`${LABELS.snapshots}=${names.sessionId}`, `${LABELS.home}=${home}`];
  const { Volumes: volumes } = await docker.listVolumes({ filters: { label } });
  for (const { Name } of volumes ?? []) await settled(docker.getVolume(Name).remove());
}
