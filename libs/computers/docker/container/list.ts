import type Docker from 'dockerode';
import type { ComputerInfo, Disruption } from '../../computer.js';
import { REMOVED } from '../disruptions/disruption.js';
import { disruptionIn } from '../disruptions/ended.js';
import { type Engine, found } from '../engine/engine.js';
import { LABELS, sessionNames } from '../engine/naming.js';

/** One that is paused has its processes; whether somebody paused it is for `inspect` to find out. */
const RUNNING: readonly string[] = ['running', 'paused'];

/** The computers of this service, by session id: all volumes, and what their containers do. */
export async function listComputers({ docker, home, image }: Engine): Promise<ComputerInfo[]> {
  const filters = { label: [LABELS.session, `${LABELS.home}=${home}`] };
  const [{ Volumes: volumes }, containers] = await Promise.all([
    docker.listVolumes({ filters }),
    docker.listContainers({ all: true, filters }),
  ]);
  const bySession = new Map(containers.map((container) => [container.Labels[LABELS.session], container]));
  const computers = (volumes ?? []).map(async ({ Labels: labels }): Promise<ComputerInfo> => {
    const sessionId = labels[LABELS.session] ?? '';
    const container = bySession.get(sessionId);
    const disrupted = await disruptionOfListed(docker, container);
    return {
      sessionId,
      driver: 'docker',
      computerId: sessionNames(sessionId).container,
      running: container !== undefined && RUNNING.includes(container.State),
      image: labels[LABELS.image] ?? image,
      ...(disrupted && { disrupted }),
    };
  });
  return (await Promise.all(computers)).toSorted((left, right) =>
    left.sessionId < right.sessionId ? -1 : 1,
  );
}

/** Asks the engine for more only where the end of a container looks like none of ours. */
async function disruptionOfListed(
  docker: Docker,
  container: Docker.ContainerInfo | undefined,
): Promise<Disruption | undefined> {
  if (!container) return REMOVED;
  if (RUNNING.includes(container.State) || /^(Created|Exited \((0|10)\))/.test(container.Status))
    return undefined;
  const details = await found(docker.getContainer(container.Id).inspect());
  return details && disruptionIn(docker, details);
}
