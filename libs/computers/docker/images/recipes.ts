import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ComputerError } from '../../computer.js';
import { SESSION_IMAGE } from '../engine/naming.js';

export const DESKTOP_IMAGE = 'raworc/session-desktop:latest';
export const SERVICE_IMAGE = 'raworc/raworc:latest';
export const NATS_IMAGE = 'raworc/nats:latest';

/** In the order in which they can be built. */
export const IMAGE_NAMES = ['session', 'session-desktop', 'service', 'nats'] as const;
export type ImageName = (typeof IMAGE_NAMES)[number];

/** What an image is made from. */
export interface Recipe {
  name: ImageName;
  tag: string;
  /** Folder with the Dockerfile, relative to the folder of the package. */
  folder: string;
  /** An image of ours that it is made from; else it stands on Debian. */
  madeFrom?: ImageName;
  /** For people: what it is. */
  about: string;
}

export const RECIPES: Record<ImageName, Recipe> = {
  session: {
    name: 'session',
    tag: SESSION_IMAGE,
    folder: 'docker/session',
    about: 'computers of sessions',
  },
  'session-desktop': {
    name: 'session-desktop',
    tag: DESKTOP_IMAGE,
    folder: 'docker/session-desktop',
    madeFrom: 'session',
    about: 'computers with a desktop',
  },
  service: { name: 'service', tag: SERVICE_IMAGE, folder: 'docker/raworc', about: 'Raworc itself' },
  nats: { name: 'nats', tag: NATS_IMAGE, folder: 'docker/nats', about: 'the event log of Raworc' },
};

/** The recipe that makes an image of this name and tag, if one of ours does. */
export function recipeOf(tag: string): Recipe | undefined {
  return Object.values(RECIPES).find((recipe) => recipe.tag === tag);
}

/** The folder of the package: sources or build, the nearest package.json above is its own. */
export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new ComputerError('driver_unavailable', 'Raworc is not complete.');
  }
}

/**
 * Tells versions of a recipe apart: a digest of its files.
 * @throws ComputerError `driver_unavailable` where this installation has no recipes.
 */
export async function recipeDigest({ folder }: Recipe, root = packageFolder()): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await filesIn(join(root, folder))) {
    hash.update(`${path.slice(root.length)}\0`);
    hash.update(await readFile(path));
  }
  return hash.digest('hex').slice(0, 16);
}

export async function fileDigest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16);
}

/** Of files and folders in a stable order. */
export async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    throw new ComputerError(
      'driver_unavailable',
      `${folder} cannot be read, so its image cannot be built. Build it from a checkout of Raworc: raworc images build`,
      { cause: error },
    );
  }
}
