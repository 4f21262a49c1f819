import type { DockerComputer } from './docker-computer.js';
import { settled } from './engine.js';
import { LABELS } from './naming.js';
import { removeRootImages } from './root-filesystem.js';

/** Removes everything that the engine has of a session. The volume that makes it known goes last. */
export async function destroyComputer(computer: DockerComputer): Promise<void> {
  computer.dropShell();
  if (!(await computer.find())) return;
  const { docker, home } = computer.engine;
  const { sessionId, snapshots, volume } = computer.names;
  await settled(computer.container.remove({ force: true, v: false }));
  // Left behind by a service that was killed in the middle of something.
  const label = [`${LABELS.helper}=${sessionId}`, `${LABELS.home}=${home}`];
  for (const { Id } of await docker.listContainers({ all: true, filters: { label } })) {
    await settled(docker.getContainer(Id).remove({ force: true }));
  }
  await settled(docker.getVolume(snapshots).remove());
  await removeRootImages(computer);
  await settled(docker.getVolume(volume).remove());
}
