import type Docker from 'dockerode';
import { connectEngine } from '../engine/client.js';
import { asEngineError, hasStatus } from '../engine/engine-error.js';
import { found, settled } from '../engine/engine.js';
import { LABELS, NETWORK } from '../engine/naming.js';
import { createDockerComputers } from '../index.js';
import { imagesOf, removeImages } from './images.js';

/** What an engine has of one home. What does not carry our labels and the home's is not among it. */
export interface Belongings {
  containers: { name: string; running: boolean; sessionId: string | null }[];
  /** Sessions' files and snapshots. */
  volumes: string[];
  /** Sessions' root filesystems, and what is left of earlier ones. */
  images: string[];
}

interface ContainerOwner {
  name: string;
  /** The mark of its home; undefined for one that is not ours. */
  home: string | undefined;
  running: boolean;
}

export function findBelongings(home: string): Promise<Belongings> {
  return told(async (docker) => {
    const [containers, volumes] = await Promise.all([containersOf(docker, home), volumesOf(docker, home)]);
    const sessions = new Set(volumes.flatMap(({ sessionId }) => sessionId ?? []));
    const images = await imagesOf(docker, home, sessions);
    return { containers, volumes: volumes.map(({ name }) => name), images };
  });
}

/**
 * Removes all containers of the home, running ones too. Volumes stay, and what was installed outside of them is kept
 * first, so that sessions miss nothing but their processes. Resolves to the containers' names.
 */
export async function removeContainers(home: string): Promise<string[]> {
  const computers = createDockerComputers({ home });
  for (const { sessionId } of await computers.list()) await computers.stop(sessionId);
  return removeAtOnce(home);
}

function removeAtOnce(home: string): Promise<string[]> {
  return told(async (docker) => {
    const containers = await containersOf(docker, home);
    for (const { name } of containers) {
      await settled(docker.getContainer(name).remove({ force: true, v: false }));
    }
    return containers.map(({ name }) => name);
  });
}

/** Removes everything that the engine has of the home, and the sessions' network when nobody else is in it. */
export async function removeBelongings(home: string): Promise<Belongings & { network: boolean }> {
  const all = await findBelongings(home);
  await removeAtOnce(home);
  return told(async (docker) => {
    const images = await removeImages(docker, all.images);
    for (const volume of all.volumes) await settled(docker.getVolume(volume).remove());
    return { ...all, images, network: await removeNetwork(docker) };
  });
}

/** The containers that have these names, ours or not. */
export function ownersOf(names: readonly string[]): Promise<ContainerOwner[]> {
  return told(async (docker) => {
    const looks = names.map(async (name) => {
      const container = await found(docker.getContainer(name).inspect());
      if (container === undefined) return [];
      const home = container.Config.Labels[LABELS.home];
      return [{ name, home, running: container.State.Running }];
    });
    return (await Promise.all(looks)).flat();
  });
}

export interface ContainerHealth {
  name: string;
  /** `healthy`, `unhealthy`, `starting`, `missing`, or what the container does that says nothing of its health. */
  state: string;
  /** How often the engine has started it again. */
  restarts: number;
}

export function healthOf(names: readonly string[]): Promise<ContainerHealth[]> {
  return told((docker) =>
    Promise.all(
      names.map(async (name) => {
        const container = await found(docker.getContainer(name).inspect());
        const state = container?.State.Health?.Status ?? container?.State.Status ?? 'missing';
        return { name, state, restarts: container?.RestartCount ?? 0 };
      }),
    ),
  );
}

/** The last lines that a container has written. */
export function lastLinesOf(container: string, count: number): Promise<string[]> {
  return told(async (docker) => {
    const options = { stdout: true, stderr: true, tail: count, follow: false } as const;
    const frames = await docker.getContainer(container).logs(options);
    return payloads(frames).split('\n').filter(Boolean);
  });
}

/** Each frame begins with eight bytes, of which the last four are its length. */
function payloads(frames: Buffer): string {
  let text = '';
  for (let at = 0; at + 8 <= frames.length;) {
    const end = at + 8 + frames.readUInt32BE(at + 4);
    text += frames.toString('utf8', at + 8, end);
    at = end;
  }
  return text;
}

async function containersOf(docker: Docker, home: string): Promise<Belongings['containers']> {
  const filters = { label: [`${LABELS.managed}=true`, `${LABELS.home}=${home}`] };
  const containers = await docker.listContainers({ all: true, filters });
  return containers.map(({ Id, Names, State, Labels }) => ({
    name: Names[0]?.slice(1) ?? Id,
    running: State === 'running',
    sessionId: Labels[LABELS.session] ?? null,
  }));
}

async function volumesOf(docker: Docker, home: string) {
  const filters = { label: [`${LABELS.managed}=true`, `${LABELS.home}=${home}`] };
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  return (volumes ?? []).map(({ Name, Labels }) => ({ name: Name, sessionId: Labels?.[LABELS.session] }));
}

/** A stopped container of another home would not start without it. */
async function removeNetwork(docker: Docker): Promise<boolean> {
  const members = await docker.listContainers({ all: true, filters: { network: [NETWORK] } });
  const network = await found(docker.getNetwork(NETWORK).inspect());
  if (members.length > 0 || network?.Labels?.[LABELS.managed] !== 'true') return false;
  try {
    await settled(docker.getNetwork(NETWORK).remove());
    return true;
  } catch (error) {
    if (hasStatus(error, 403)) return false;
    throw error;
  }
}

async function told<T>(task: (docker: Docker) => Promise<T>): Promise<T> {
  try {
    return await task(connectEngine());
  } catch (error) {
    throw asEngineError(error);
  }
}
