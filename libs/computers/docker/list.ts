import type { ComputerInfo } from '../computer.js';
import type { Engine } from './engine.js';
import { LABELS, sessionNames } from './naming.js';

/** The computers of this service, by session id: all volumes, and what their containers do. */
export async function listComputers({ docker, home, image }: Engine): Promise<ComputerInfo[]> {
  const filters = { label: [LABELS.session, `${LABELS.home}=${home}`] };
  const [{ Volumes: volumes }, containers] = await Promise.all([
    docker.listVolumes({ filters }),
    docker.listContainers({ all: true, filters }),
  ]);
  const running = new Set(
    containers.filter(({ State }) => State === 'running').map(({ Labels }) => Labels[LABELS.session]),
  );
  return (volumes ?? [])
    .map(({ Labels: labels }) => {
      const sessionId = labels[LABELS.session] ?? '';
      return {
        sessionId,
        driver: 'docker',
        computerId: sessionNames(sessionId).container,
        running: running.has(sessionId),
        image: labels[LABELS.image] ?? image,
      };
    })
    .toSorted((left, right) => (left.sessionId < right.sessionId ? -1 : 1));
}
