import Docker from 'dockerode';
import type { ComputerLimits, Computers, ComputersLogger } from '../computer.js';
import { MOST_LAYERS } from './container/flatten.js';
import { DockerComputers } from './docker-computers.js';
import { connectEngine } from './engine/client.js';
import { missingImage } from './engine/engine-error.js';
import { engineProblem, found } from './engine/engine.js';
import { SESSION_IMAGE } from './engine/naming.js';

const PROBE_TIMEOUT_MS = 3_000;
const DEFAULT_LIMITS: Required<ComputerLimits> = { memoryMb: 2048, cpus: 2, pids: 512 };

export interface DockerComputersOptions {
  /** How to reach the engine; by default DOCKER_HOST, else the local socket. */
  docker?: Docker.DockerOptions;
  /** Marks what is ours: two services on one engine with different homes do not see each other's computers. */
  home: string;
  /** For sessions that name no image. */
  image?: string;
  /** For what a session sets no limit of its own. */
  limits?: ComputerLimits;
  /** Default `egress`: sessions reach the network but no other session. `none`: they reach nothing. */
  network?: 'egress' | 'none';
  /** Container runtime for sessions that name none. Default: the engine's own. */
  runtime?: string;
  /** Layers that a session's own image may have before its files are put together anew. Default 100. */
  mostLayers?: number;
  logger?: ComputersLogger;
}

/** Computers made of containers and volumes. Nothing is asked of the engine before the first verb. */
export function createDockerComputers(options: DockerComputersOptions): Computers {
  return new DockerComputers({
    docker: connectEngine(options.docker),
    home: options.home,
    image: options.image ?? SESSION_IMAGE,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    network: options.network ?? 'egress',
    runtime: options.runtime,
    mostLayers: options.mostLayers ?? MOST_LAYERS,
    logger: options.logger,
  });
}

/** Why containers cannot be used here, with what to do; undefined when the engine answers and has the image. */
export async function dockerProblem(
  options: Pick<DockerComputersOptions, 'docker' | 'image'> = {},
): Promise<string | undefined> {
  const docker = new Docker({ ...options.docker, timeout: PROBE_TIMEOUT_MS });
  const problem = await engineProblem(docker);
  if (problem !== undefined) return problem;
  const image = options.image ?? SESSION_IMAGE;
  const known = await found(docker.getImage(image).inspect());
  return known ? undefined : missingImage(`the engine has no image ${image}`);
}
