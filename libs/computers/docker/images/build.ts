import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { ComputerError } from '../../computer.js';
import { reasonOf } from '../engine/engine-error.js';
import { LABELS } from '../engine/naming.js';
import { pack } from './pack.js';

/** On images: which version of its recipe one was built from. */
export const RECIPE_LABEL = 'raworc.recipe';

const KEPT_LINES = 15;

export interface BuildRequest {
  tag: string;
  /** Folder that the paths start from. */
  context: string;
  /** Files and folders to send; by default all of the context. */
  files?: string[];
  /** Relative to the context. */
  dockerfile?: string;
  args: Record<string, string>;
  digest: string;
  /** Told each step of the Dockerfile as it begins. */
  onStep: (step: string) => void;
}

/** What the engine sends while it builds, or imports. */
interface BuildMessage {
  stream?: string;
  status?: string;
  error?: string;
}

/**
 * Builds an image on the engine.
 * @throws ComputerError `driver_unavailable` with the last lines of the output.
 */
export async function buildImage(docker: Docker, request: BuildRequest): Promise<void> {
  const { tag, context, dockerfile = 'Dockerfile', args, digest, onStep } = request;
  const src = request.files ?? (await readdir(context));
  const labels = { [LABELS.managed]: 'true', [RECIPE_LABEL]: digest };
  const options = { t: tag, dockerfile, buildargs: args, labels, forcerm: true };
  const output: string[] = [];
  const { bytes, packed, stop } = pack(context, src);
  // Awaited below; until then a failure of the engine is the one to tell.
  packed.catch(() => undefined);
  try {
    const stream = await docker.buildImage(bytes, options);
    await follow(docker, stream, (message) => {
      const lines = (message.stream ?? '').split('\n').filter((line) => line.trim() !== '');
      output.push(...lines);
      output.splice(0, output.length - KEPT_LINES);
      for (const line of lines) if (line.startsWith('Step ')) onStep(line);
    });
    await packed;
  } catch (error) {
    throw new ComputerError('driver_unavailable', failure(tag, join(context, dockerfile), output, error), {
      cause: error,
    });
  } finally {
    await stop();
  }
}

function failure(tag: string, dockerfile: string, output: string[], error: unknown): string {
  return [
    `The image ${tag} could not be built from ${dockerfile}: ${reasonOf(error)}. Its last lines:`,
    ...output.map((line) => `  ${line}`),
    'Check that this machine reaches its package sources and has space left (docker system df), then run: raworc images build',
  ].join('\n');
}

/** Reads a stream of messages to its end. What went wrong comes as a message too, and is thrown. */
export async function follow(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onMessage: (message: BuildMessage) => void,
): Promise<void> {
  let wrong: string | undefined;
  const look = (message: BuildMessage) => {
    wrong = message.error ?? wrong;
    onMessage(message);
  };
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => (error ? reject(error) : resolve()), look);
  });
  if (wrong !== undefined) throw new Error(wrong);
}
