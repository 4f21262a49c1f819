import type { DockerComputer } from './docker-computer.js';
import { found, settled } from './engine.js';
import { sessionLabels } from './container-options.js';

/** What the engine itself changes in every container. */
const NOT_OURS = /^\/(session|dev|proc|sys|tmp|run)(\/|$)|^\/etc$|^\/$/;

/**
 * Gives a computer that does not run the root filesystem of another one, with what was installed there. The source's
 * container may run; it is paused for the moment.
 */
export async function copyRootFilesystem(target: DockerComputer, source: DockerComputer): Promise<void> {
  const image = await imageOf(source, target);
  if (image === undefined) return;
  const { settings } = await target.require();
  await settled(target.container.remove({ force: true, v: false }));
  await target.createContainer({ ...settings, image });
}

/** Undefined when the source has nothing but what its image has, and that is the target's as well. */
async function imageOf(source: DockerComputer, target: DockerComputer): Promise<string | undefined> {
  const from = await source.require();
  const to = await target.require();
  const changes = from.container ? ((await source.container.changes()) as { Path: string }[] | null) : null;
  if (changes?.some(({ Path }) => !NOT_OURS.test(Path))) {
    const labels = sessionLabels(target.engine, target.names);
    await source.container.commit({ ...target.names.rootTag, pause: true, changes: labelChanges(labels) });
    return target.names.rootImage;
  }
  const image = target.engine.docker.getImage(from.settings.image);
  if (from.settings.image === to.settings.image || !(await found(image.inspect()))) return undefined;
  await image.tag(target.names.rootTag);
  return target.names.rootImage;
}

/** The labels of the source's container would be inherited by everything made from the image. */
function labelChanges(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`)
    .join('\n');
}
