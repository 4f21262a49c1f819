import type Docker from 'dockerode';
import type { ComputerLimits, ComputersLogger } from '../../computer.js';
import { asEngineError, hasStatus } from './engine-error.js';
import { LABELS, NETWORK } from './naming.js';

/** What all computers of one service have in common. */
export interface Engine {
  docker: Docker;
  home: string;
  image: string;
  limits: Required<ComputerLimits>;
  /** Of sessions that name none. `none`: they reach nothing but themselves. */
  network: 'egress' | 'none';
  /** Container runtime of sessions that name none; undefined: the engine's own. */
  runtime?: string;
  /** Layers that a session's own image may have before it is made of few again. */
  mostLayers: number;
  logger?: ComputersLogger;
}

/** Undefined when the engine answers; else why not, and what to do. */
export async function engineProblem(docker: Docker): Promise<string | undefined> {
  try {
    await docker.ping();
    return undefined;
  } catch (error) {
    return asEngineError(error).message;
  }
}

/**
 * Makes the network of all sessions, in which none reaches another. Names of networks are not unique, and two of one
 * name are of no use; those of bridges are, so only the first of several who make it at once succeeds.
 */
export async function ensureNetwork({ docker }: Engine): Promise<void> {
  const network = docker.getNetwork(NETWORK);
  if (await found(network.inspect())) return;
  try {
    await docker.createNetwork({
      Name: NETWORK,
      CheckDuplicate: true,
      Driver: 'bridge',
      Options: {
        'com.docker.network.bridge.name': NETWORK,
        'com.docker.network.bridge.enable_icc': 'false',
      },
      Labels: { [LABELS.managed]: 'true' },
    });
  } catch (error) {
    if (!(await found(network.inspect()))) throw error;
  }
}

/**
 * Makes a volume. Nothing happens to one that is there, unless a failure left it behind: that one goes, for the engine
 * would hand it out without the labels by which it is known.
 */
export async function makeVolume(
  engine: Engine,
  name: string,
  labels: Record<string, string>,
): Promise<void> {
  const { docker } = engine;
  const make = () => docker.createVolume({ Name: name, Labels: labels });
  try {
    await make();
    if (!isNameless(await docker.getVolume(name).inspect())) return;
    await docker.getVolume(name).remove();
    await make();
  } catch (error) {
    // The first failure is the one to tell; what cannot be removed now goes before the next try.
    await removeNamelessVolume(engine, name).catch(() => undefined);
    throw error;
  }
}

/**
 * Undefined for what is not there. That is also what an engine on a full disk leaves behind when it makes a volume: a
 * folder of which it has no record. To tell of one it first writes a record, without labels, and fails at that as well.
 */
export async function findVolume(
  { docker }: Engine,
  name: string,
): Promise<Docker.VolumeInspectInfo | undefined> {
  try {
    const volume = await found(docker.getVolume(name).inspect());
    return volume && !isNameless(volume) ? volume : undefined;
  } catch (error) {
    if (asEngineError(error).code === 'disk_full') return undefined;
    throw error;
  }
}

/** What a failure left behind; no other. */
export async function removeNamelessVolume({ docker }: Engine, name: string): Promise<void> {
  const volume = docker.getVolume(name);
  const left = await found(volume.inspect());
  if (left && isNameless(left)) await settled(volume.remove());
}

/** A volume of ours has labels from its first moment on. */
function isNameless({ Labels: labels }: { Labels?: Record<string, string> | null }): boolean {
  return Object.keys(labels ?? {}).length === 0;
}

/** The answer of the engine, or undefined for what does not exist. */
export async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

/** For removals and stops: what is gone already, or stands still, is what was wanted. */
export async function settled(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!hasStatus(error, 304, 404)) throw error;
  }
}
