import type Docker from 'dockerode';
import { removeIfUnused } from '../container/root-filesystem.js';
import { found, settled } from '../engine/engine.js';
import { LABELS, sessionNames } from '../engine/naming.js';

/** Images of a home: the sessions' own by name, and by id what carries its label and has no name any more. */
export async function imagesOf(docker: Docker, home: string, sessions: Set<string>): Promise<string[]> {
  const named = [...sessions].map(async (sessionId) => {
    const { rootImage } = sessionNames(sessionId);
    return (await found(docker.getImage(rootImage).inspect())) ? [rootImage] : [];
  });
  const filters = { label: [`${LABELS.home}=${home}`], dangling: ['true'] };
  const nameless = await docker.listImages({ filters });
  return [...(await Promise.all(named)).flat(), ...nameless.map(({ Id }) => Id)];
}

/** Resolves to those that are gone. */
export async function removeImages(docker: Docker, images: readonly string[]): Promise<string[]> {
  const removed: string[] = [];
  for (const image of images) {
    if (await removeImage(docker, image)) removed.push(image);
  }
  return removed;
}

/** Somebody else's container or image may be made from a nameless one. */
async function removeImage(docker: Docker, image: string): Promise<boolean> {
  if (image.startsWith('sha256:')) return removeIfUnused({ docker }, image);
  await settled(docker.getImage(image).remove({ force: true }));
  return true;
}
