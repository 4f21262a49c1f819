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
 * Makes a volume. An engine that fails at it, as for want of room, may leave one behind that lacks its labels: it would
 * belong to nobody for ever.
 */
export async function makeVolume(
  { docker }: Engine,
  name: string,
  labels: Record<string, string>,
): Promise<void> {
  try {
    await docker.createVolume({ Name: name, Labels: labels });
  } catch (error) {
    const volume = docker.getVolume(name);
    // The first failure is the one to tell.
    const left = await volume.inspect().catch(() => undefined);
    if (left && Object.keys(left.Labels ?? {}).length === 0) await volume.remove().catch(() => undefined);
    throw error;
  }
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
