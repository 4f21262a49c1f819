import Docker from 'dockerode';
import { asEngineError, hasStatus } from '../engine/engine-error.js';
import { engineProblem, found, settled } from '../engine/engine.js';
import { findBase, hasImage } from './base.js';
import { buildImage, RECIPE_LABEL } from './build.js';
import {
  fileDigest,
  IMAGE_NAMES,
  packageFolder,
  recipeDigest,
  RECIPES,
  type ImageName,
  type Recipe,
} from './recipes.js';
import { natsFiles, serviceDigest, serviceFiles, type Staged } from './service-context.js';

export {
  DESKTOP_IMAGE,
  IMAGE_NAMES,
  NATS_IMAGE,
  recipeOf,
  SERVICE_IMAGE,
  type ImageName,
} from './recipes.js';

/** The image that every service with containers needs. */
export const SESSION_RECIPE: ImageName = 'session';

const PROBE_TIMEOUT_MS = 3_000;

/** One of our images, as the engine has it. */
export interface ImageState {
  name: ImageName;
  tag: string;
  about: string;
  /** `outdated`: built from another version of its recipe. */
  state: 'present' | 'missing' | 'outdated';
  bytes: number | null;
  /** Unix seconds. */
  built_at: number | null;
}

export interface BuildOptions {
  /** Builds what is there as well. */
  force?: boolean;
  /** Told, in a line, what begins. */
  onStep?: (step: string) => void;
  /** Path of the nats-server that goes into the image of the log. */
  natsServer?: string;
}

/** Why the engine cannot be used, with what to do; undefined when it answers. */
export function dockerEngineProblem(): Promise<string | undefined> {
  return engineProblem(new Docker({ timeout: PROBE_TIMEOUT_MS }));
}

export function engineHasImage(tag: string): Promise<boolean> {
  return told(() => hasImage(new Docker({ timeout: PROBE_TIMEOUT_MS }), tag));
}

/** All images of ours. @throws ComputerError `driver_unavailable` */
export function listImages(): Promise<ImageState[]> {
  const docker = new Docker({ timeout: PROBE_TIMEOUT_MS });
  return told(() => Promise.all(IMAGE_NAMES.map((name) => stateOf(docker, RECIPES[name]))));
}

/**
 * Builds those of the images that are missing or outdated, and first what they are made from. Resolves to the names
 * of those that were built.
 * @throws ComputerError `driver_unavailable`, with the last lines of a build that failed and what to do.
 */
export function buildImages(names: readonly ImageName[], options: BuildOptions = {}): Promise<ImageName[]> {
  return told(async () => {
    const docker = new Docker();
    const built: ImageName[] = [];
    for (const name of withFoundations(names)) {
      const { state } = await stateOf(docker, RECIPES[name], options.natsServer);
      const wanted = names.includes(name);
      if (wanted ? state === 'present' && !options.force : state !== 'missing') continue;
      await build(docker, RECIPES[name], options);
      built.push(name);
    }
    return built;
  });
}

async function stateOf(docker: Docker, recipe: Recipe, natsServer?: string): Promise<ImageState> {
  const { name, tag, about } = recipe;
  const image = await found(docker.getImage(tag).inspect());
  if (image === undefined) return { name, tag, about, state: 'missing', bytes: null, built_at: null };
  const builtFrom = image.Config?.Labels?.[RECIPE_LABEL];
  // Without the label somebody else has built it, and knows why.
  const wanted = await digestOf(recipe, natsServer).catch(() => undefined);
  const outdated = builtFrom !== undefined && wanted !== undefined && !builtFrom.startsWith(wanted);
  const built_at = Date.parse(image.Created) / 1000;
  return { name, tag, about, state: outdated ? 'outdated' : 'present', bytes: image.Size, built_at };
}

async function build(docker: Docker, recipe: Recipe, options: BuildOptions): Promise<void> {
  const { onStep = () => undefined } = options;
  onStep(`Building ${recipe.tag}`);
  const digest = await digestOf(recipe, options.natsServer);
  const base = recipe.madeFrom ? RECIPES[recipe.madeFrom].tag : await findBase(docker, onStep);
  const staged = await filesOf(recipe, options);
  const earlier = await found(docker.getImage(recipe.tag).inspect());
  try {
    await buildImage(docker, { ...staged, tag: recipe.tag, args: { BASE_IMAGE: base }, digest, onStep });
  } finally {
    await staged.remove?.();
  }
  if (earlier !== undefined) await removeIfNameless(docker, earlier.Id);
}

/** An earlier build that has lost its name, unless a container or another image still stands on it. */
async function removeIfNameless(docker: Docker, id: string): Promise<void> {
  const image = docker.getImage(id);
  if (((await found(image.inspect()))?.RepoTags ?? ['gone']).length > 0) return;
  try {
    await settled(image.remove());
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
}

async function filesOf({ name, folder }: Recipe, { natsServer }: BuildOptions): Promise<Staged> {
  const root = packageFolder();
  if (name === 'service') return serviceFiles(root);
  if (name === 'nats') return natsFiles(root, natsServer);
  return { context: `${root}/${folder}` };
}

/** Of a log's image only as far as is known: without the program that goes into it, the beginning. */
async function digestOf(recipe: Recipe, natsServer?: string): Promise<string> {
  if (recipe.name === 'service') return serviceDigest(recipe, packageFolder());
  const digest = await recipeDigest(recipe);
  return recipe.name === 'nats' && natsServer ? `${digest}-${await fileDigest(natsServer)}` : digest;
}

function withFoundations(names: readonly ImageName[]): ImageName[] {
  const needed = new Set(names.flatMap((name) => [RECIPES[name].madeFrom ?? name, name]));
  return IMAGE_NAMES.filter((name) => needed.has(name));
}

async function told<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw asEngineError(error);
  }
}
