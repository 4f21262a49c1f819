import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { loadBelongings, loadImages, type Belongings } from '#computers';
import { loadConfig, lockHome, openHome, RuntimeError, type Home } from '#runtime';
import { stopContainers } from '../containers/down.js';
import { mayHaveContainers } from './engine-traces.js';
import type { TaskOutput } from './task.js';

/** What a service makes in its home. config.json is its user's, and so is whatever else may lie there. */
const OURS = [
  /^(token|master\.key|node|nats|computers|logs|cache)$/,
  /^views(-server|-operator)?$/,
  /^(service|server|operator)\.(json|lock\.\d+)$/,
  /^(api|computers)\.lock\.\d+$/,
  /^open\.html$/,
  /^containers\.(json|env|settings\.json)$/,
  /\.[0-9a-f-]{36}\.draft$/,
];

type Removed = Belongings & { network: boolean };

/** Nothing can be said of what an engine has that does not answer. */
interface Unseen {
  /** Why the engine was not looked at, where it may have something of this home; else null. */
  engine_problem: string | null;
}

/** `belongings`: what the engine has of this home. Nothing, where no engine answers. */
export async function belongingsTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await homeOf(env);
  output.result(
    await onEngine(home, env, async () => (await loadBelongings()).findBelongings(home.computers)),
  );
}

/** `clean`: removes this home's containers. */
export async function cleanTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await homeOf(env);
  await requireEngine();
  await stopContainers(home);
  const { removeContainers } = await loadBelongings();
  output.result({ removed: await removeContainers(home.computers) });
}

/**
 * `reset`: removes all that this home has on the engine and in its folder. No service starts on it meanwhile.
 * @throws HomeError `home_in_use`
 */
export async function resetTask(env: NodeJS.ProcessEnv, output: TaskOutput): Promise<void> {
  const home = await homeOf(env);
  const lock = await lockHome(home);
  try {
    const removed = await onEngine(home, env, () => removeFromEngine(home));
    const files = (await readdir(home.root)).filter((entry) => OURS.some((pattern) => pattern.test(entry)));
    await removeFiles(
      home,
      files.filter((file) => !isLock(file)),
    );
    await lock.release();
    await removeFiles(home, files.filter(isLock));
    output.result({ ...removed, containers: removed.containers.map((container) => container.name), files });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function removeFiles({ root }: Home, files: string[]): Promise<void> {
  for (const file of files) await rm(join(root, file), { recursive: true, force: true });
}

function isLock(entry: string): boolean {
  return entry.startsWith('service.lock.');
}

const nothing: Removed = { containers: [], volumes: [], images: [], network: false };

async function removeFromEngine(home: Home): Promise<Removed> {
  await stopContainers(home);
  return (await loadBelongings()).removeBelongings(home.computers);
}

async function onEngine<T extends Belongings>(
  home: Home,
  env: NodeJS.ProcessEnv,
  look: () => Promise<T>,
): Promise<(T | Removed) & Unseen> {
  const problem = await engineProblem();
  if (problem === undefined) return { ...(await look()), engine_problem: null };
  const told = mayHaveContainers(home, loadConfig({ env }), env);
  return { ...nothing, engine_problem: told ? problem : null };
}

async function homeOf(env: NodeJS.ProcessEnv): Promise<Home> {
  return openHome(loadConfig({ env }).home);
}

async function engineProblem(): Promise<string | undefined> {
  return (await loadImages()).dockerEngineProblem();
}

async function requireEngine(): Promise<void> {
  const problem = await engineProblem();
  if (problem !== undefined) throw new RuntimeError('driver_unavailable', problem);
}
