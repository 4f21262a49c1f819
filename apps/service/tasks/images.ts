import { loadImages, type ImageName, type ImageState } from '#computers';
import { findNatsServer, loadConfig, openHome, RuntimeError } from '#runtime';
import type { TaskOutput } from './task.js';

/** `images list` */
export async function listTask(output: TaskOutput): Promise<void> {
  output.result(await (await loadImages()).listImages());
}

/**
 * `images build [--force] [--if-possible] [NAME…]`; without names, all. Where it is not possible, `--if-possible` makes
 * that no failure.
 */
export async function buildTask(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: TaskOutput,
): Promise<void> {
  const { buildImages, dockerEngineProblem, IMAGE_NAMES } = await loadImages();
  const names = namesAmong(args, IMAGE_NAMES);
  const silent = await dockerEngineProblem();
  if (silent !== undefined) {
    if (!args.includes('--if-possible')) throw new RuntimeError('driver_unavailable', silent);
    return output.result({ built: [], images: [] });
  }
  const onStep = output.step;
  const natsServer = names.includes('nats') ? await natsProgram(env, onStep) : undefined;
  try {
    const built = await buildImages(names, { force: args.includes('--force'), onStep, natsServer });
    output.result({ built, images: await statesOf(names) });
  } catch (error) {
    if (!args.includes('--if-possible') || !(error instanceof Error)) throw error;
    onStep(`Not built: ${error.message}`);
    output.result({ built: [], images: await statesOf(names) });
  }
}

function namesAmong(args: readonly string[], known: readonly ImageName[]): ImageName[] {
  const given = args.filter((argument) => !argument.startsWith('--'));
  const unknown = given.find((wanted) => !known.some((image) => image === wanted));
  if (unknown !== undefined) {
    throw new RuntimeError('usage', `There is no image "${unknown}". There are: ${known.join(', ')}.`);
  }
  return given.length === 0 ? [...known] : known.filter((image) => given.includes(image));
}

async function natsProgram(env: NodeJS.ProcessEnv, onProgress: (step: string) => void): Promise<string> {
  const config = loadConfig({ env });
  return (await findNatsServer(config, await openHome(config.home), { onProgress })).path;
}

async function statesOf(names: readonly ImageName[]): Promise<ImageState[]> {
  const states = await (await loadImages()).listImages();
  return states.filter((state) => names.includes(state.name));
}
