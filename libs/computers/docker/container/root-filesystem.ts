import { posix } from 'node:path';
import type Docker from 'dockerode';
import { z } from 'zod';
import { ComputerError } from '../../computer.js';
import { sessionLabels } from './container-options.js';
import type { DockerComputer } from '../docker-computer.js';
import { hasStatus, reasonOf } from '../engine/engine-error.js';
import { type Engine, found, settled } from '../engine/engine.js';
import { runInside } from '../files/inside-call.js';
import { flattenRootImage } from './flatten.js';
import { ENDING, HAS_CHANGED } from './keeper.js';
import { LABELS } from '../engine/naming.js';
import type { SessionContainer } from './session-container.js';

const changeList = z.array(z.object({ Path: z.string() }));

/** What is no part of a computer, or is put into every container by the engine itself. */
const NOT_OURS = /^\/(session|dev|proc|sys|tmp|run|var\/tmp)(\/|$)|^\/(usr\/)?sbin\/docker-init$|^\/etc$/;

/**
 * Puts what root has changed in a computer that stands still into the session's own image, from which the container
 * is made again when it is gone. One image a session; the one before goes. Changes that somebody makes as root by
 * hand, past this driver, stay in the container only.
 */
export async function keepRootFilesystem(computer: SessionContainer): Promise<void> {
  const container = await found(computer.container.inspect());
  if (!container || container.State.Running || !(await isDue(computer, container))) return;
  await commit(computer, computer, `${container.Id} ${container.State.FinishedAt}`);
  if (await flattenIfDeep(computer)) await makeContainerAgain(computer);
}

/**
 * Gives a computer that does not run the root filesystem of another one, with what was installed there. The source
 * may run; its processes are halted for the moment when it has something that was not kept.
 */
export async function copyRootFilesystem(target: SessionContainer, source: DockerComputer): Promise<void> {
  const [from, to] = [await source.require(), await target.require()];
  if (from.container && (await hasUnkept(source, from.container))) {
    const copy = (): Promise<void> => commit(target, source, 'copied');
    await (from.container.State.Running ? source.pauses.during(copy) : copy());
    await flattenIfDeep(target);
  } else if (from.settings.image === to.settings.image) return;
  else await retag(target, (image) => image.tag(target.names.rootTag), from.settings.image);
  await makeContainerAgain(target);
}

/**
 * Whatever name it is called by: the root filesystem of a session is that session's alone.
 * @throws ComputerError `command_refused`
 */
export async function refuseSessionImage({ docker }: Engine, image: string | undefined): Promise<void> {
  const known = image === undefined ? undefined : await found(docker.getImage(image).inspect());
  if (known?.Config.Labels?.[LABELS.session] === undefined) return;
  throw new ComputerError(
    'command_refused',
    `The image ${image} holds the root filesystem of a session, which no other session may have. Name another image, or remix that session.`,
  );
}

/** Removes the session's own images, also those that lost their name and were still in use at that time. */
export async function removeRootImages({ engine, names }: SessionContainer): Promise<void> {
  // By force: the container of a remix may still be on it. That keeps what it needs, without the name.
  await settled(engine.docker.getImage(names.rootImage).remove({ force: true }));
  const label = [`${LABELS.session}=${names.sessionId}`, `${LABELS.home}=${engine.home}`];
  for (const { Id } of await engine.docker.listImages({ filters: { label } }))
    await removeIfUnused(engine, Id);
}

/** True when a stop may have been cut off before it could keep what had changed. */
export function isUnkept({
  State: { Running: running, ExitCode: code },
}: Docker.ContainerInspectInfo): boolean {
  return !running && (code === ENDING.changed || code === ENDING.toldChanged);
}

function hasUnkept(source: SessionContainer, container: Docker.ContainerInspectInfo): Promise<boolean> {
  if (!container.State.Running) return isDue(source, container);
  // Root in there may have changed the shell: what says neither yes nor no counts as a change.
  return runInside(source.container, ['/bin/sh', '-c', HAS_CHANGED]).then((code) => code !== 1);
}

/** True when the container ended with changes that its session's image does not have. */
async function isDue(computer: SessionContainer, container: Docker.ContainerInspectInfo): Promise<boolean> {
  const { Status: status, ExitCode: code, FinishedAt: finishedAt } = container.State;
  if (status === 'created' || code === ENDING.unchanged || code === ENDING.toldUnchanged) return false;
  const own = await found(computer.engine.docker.getImage(computer.names.rootImage).inspect());
  if (own?.Config.Labels?.[LABELS.kept] === `${container.Id} ${finishedAt}`) return false;
  if (code === ENDING.changed || code === ENDING.toldChanged) return true;
  return hasChanges(computer);
}

/** Of a container that ended without telling. Slow: the engine compares all of it with the image. */
async function hasChanges(computer: SessionContainer): Promise<boolean> {
  // Where nothing has changed the engine says null, which the client hands over as bytes.
  const changes = changeList.safeParse(await computer.container.changes()).data ?? [];
  const paths = changes.map(({ Path }) => Path);
  // Folders are named along with what has changed in them.
  const folders = new Set(paths.map((path) => posix.dirname(path)));
  return paths.some((path) => !folders.has(path) && !NOT_OURS.test(path));
}

function commit(target: SessionContainer, source: SessionContainer, kept: string): Promise<void> {
  // Without its own labels, the image would say that it belongs to the source.
  const labels = { ...sessionLabels(target.engine, target.names), [LABELS.kept]: kept };
  const changes = Object.entries(labels)
    .map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`)
    .join('\n');
  // The engine's own pause deadlocks with the start of a process in the container.
  return retag(target, () => source.container.commit({ ...target.names.rootTag, changes, pause: false }));
}

/** A failure costs nothing yet: the next commit tries again, and there are layers left until an engine refuses it. */
async function flattenIfDeep(computer: SessionContainer): Promise<boolean> {
  const { engine, names } = computer;
  const { RootFS: files } = await engine.docker.getImage(names.rootImage).inspect();
  if ((files.Layers?.length ?? 0) <= engine.mostLayers) return false;
  try {
    await retag(computer, () => flattenRootImage(engine, names));
    return true;
  } catch (error) {
    const fields = { session_id: names.sessionId, reason: reasonOf(error) };
    engine.logger?.warn(fields, 'the layers of the session’s image could not be put together');
    return false;
  }
}

/** Around the same volume, from the image that the session has now. */
export async function makeContainerAgain(computer: SessionContainer): Promise<void> {
  const { settings } = await computer.require();
  await settled(computer.container.remove({ force: true, v: false }));
  await computer.createContainer(settings);
}

/** Gives the session's own image anew; the one that had the name goes. */
async function retag(
  { engine, names }: SessionContainer,
  make: (image: Docker.Image) => Promise<unknown>,
  from = names.rootImage,
): Promise<void> {
  const earlier = await found(engine.docker.getImage(names.rootImage).inspect());
  await make(engine.docker.getImage(from));
  if (earlier) await removeIfUnused(engine, earlier.Id);
}

/** An image without a name. Resolves to whether it is gone. */
export async function removeIfUnused({ docker }: Pick<Engine, 'docker'>, id: string): Promise<boolean> {
  const image = docker.getImage(id);
  const names = (await found(image.inspect()))?.RepoTags ?? [];
  if (names.length > 0) return false;
  try {
    await settled(image.remove());
    return true;
  } catch (error) {
    // A container or another image is built on it; it goes with the last of them.
    if (!hasStatus(error, 409)) throw error;
    return false;
  }
}
