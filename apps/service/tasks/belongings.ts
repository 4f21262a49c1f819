import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadBelongings, loadImages, type Belongings } from '#computers';
import { loadConfig, openHome, RuntimeError, type Home } from '#runtime';
import { stopContainers } from '../containers/down.js';
import type { TaskOutput } from './task.js';

/** What a service makes in its home. config.json is its user's, and so is whatever else may lie there. */
const OURS = [
  /^(token|master\.key|nats|computers|logs|cache)$/,
  /^views(-server|-operator)?$/,
  /^(service|server|operator)\.(json|lock\.\d+)$/,
  /^containers\.(json|env|settings\.json)$/,
  /\.[0-9a-f-]{36}\.draft$/,
];

/** `belongings`: what the engine has of this home. Nothing, where no engine answers. */
export async function belongingsTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  output.result(await belongingsOf(await homeOf(env)));
}

/** `clean`: removes this home's containers. */
export async function cleanTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await homeOf(env);
  await requireEngine();
  await stopContainers(home);
  const { removeContainers } = await loadBelongings();
  output.result({ removed: await removeContainers(home.computers) });
}

/** `reset`: removes all that this home has on the engine and in its folder. */
export async function resetTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await homeOf(env);
  const removed = (await engineAnswers()) ? await removeFromEngine(home) : nothing;
  const files = (await readdir(home.root)).filter((entry) => OURS.some((pattern) => pattern.test(entry)));
  for (const entry of files) await rm(join(home.root, entry), { recursive: true, force: true });
  output.result({ ...removed, containers: removed.containers.map((container) => container.name), files });
}

const nothing: Belongings & { network: boolean } = {
  containers: [],
  volumes: [],
  images: [],
  network: false,
};

async function removeFromEngine(home: Home): Promise<Belongings & { network: boolean }> {
  await stopContainers(home);
  return (await loadBelongings()).removeBelongings(home.computers);
}

async function belongingsOf(home: Home): Promise<Belongings> {
  if (!(await engineAnswers())) return nothing;
  return (await loadBelongings()).findBelongings(home.computers);
}

async function homeOf(env: NodeJS.ProcessEnv): Promise<Home> {
  return openHome(loadConfig({ env }).home);
}

async function engineAnswers(): Promise<boolean> {
  return (await (await loadImages()).dockerEngineProblem()) === undefined;
}

async function requireEngine(): Promise<void> {
  const problem = await (await loadImages()).dockerEngineProblem();
  if (problem !== undefined) throw new RuntimeError('driver_unavailable', problem);
}
