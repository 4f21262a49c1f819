import { posix } from 'node:path';
import { z } from 'zod';
import { sessionLabels } from './container-options.js';
import type { DockerComputer } from './docker-computer.js';
import { hasStatus } from './engine-error.js';
import { found, settled } from './engine.js';

const changeList = z.array(z.object({ Path: z.string() }));

/** What is no part of a computer, or is put into every container by the engine itself. */
const NOT_OURS = /^\/(session|dev|proc|sys|tmp|run)(\/|$)|^\/(usr\/)?sbin\/docker-init$|^\/etc$/;

/**
 * Gives a computer that does not run the root filesystem of another one, with what was installed there. The source
 * may run; it is paused for the moment.
 */
export async function copyRootFilesystem(target: DockerComputer, source: DockerComputer): Promise<void> {
  const { docker } = target.engine;
  const earlier = await found(docker.getImage(target.names.rootImage).inspect());
  if (!(await makeRootImage(target, source))) return;
  const { settings } = await target.require();
  await settled(target.container.remove({ force: true, v: false }));
  await target.createContainer(settings);
  if (earlier) await removeIfUnused(target, earlier.Id);
}

/** False when the source has nothing but what its image has, and that is the target's as well. */
async function makeRootImage(target: DockerComputer, source: DockerComputer): Promise<boolean> {
  const [from, to] = [await source.require(), await target.require()];
  if (from.container && (await hasChanged(source))) {
    const changes = labelInstructions(sessionLabels(target.engine, target.names));
    await source.container.commit({ ...target.names.rootTag, changes });
    return true;
  }
  if (from.settings.image === to.settings.image) return false;
  await target.engine.docker.getImage(from.settings.image).tag(target.names.rootTag);
  return true;
}

async function hasChanged(source: DockerComputer): Promise<boolean> {
  // Where nothing has changed the engine says null, which the client hands over as bytes.
  const changes = changeList.safeParse(await source.container.changes()).data ?? [];
  const paths = changes.map(({ Path }) => Path);
  // Folders are named along with what has changed in them.
  const folders = new Set(paths.map((path) => posix.dirname(path)));
  return paths.some((path) => !folders.has(path) && !NOT_OURS.test(path));
}

/** Without these, the image would say that it belongs to the source. */
function labelInstructions(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`)
    .join('\n');
}

/** The image of an earlier copy into the same computer, when it has lost its name by the new one. */
async function removeIfUnused({ engine }: DockerComputer, id: string): Promise<void> {
  const image = engine.docker.getImage(id);
  const names = (await found(image.inspect()))?.RepoTags ?? [];
  if (names.length > 0) return;
  try {
    await settled(image.remove());
  } catch (error) {
    // Another copy is built on it, and removes it with itself.
    if (!hasStatus(error, 409)) throw error;
  }
}
