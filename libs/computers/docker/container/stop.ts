import { setTimeout as delay } from 'node:timers/promises';
import type { DockerComputer } from '../docker-computer.js';
import { hasStatus } from '../engine/engine-error.js';
import { found, settled } from '../engine/engine.js';
import { END_SIGNAL } from './keeper.js';
import { keepRootFilesystem } from './root-filesystem.js';

const STOP_MS = 10_000;
/** A container that has only just been started may not listen to signals yet. */
const ASK_AGAIN_MS = 1_000;

/**
 * Ends every process and keeps the root filesystem. When it has resolved, what was written before the call is safe
 * from the removal of the container: the session's folder in the volume, all else in the session's own image, which
 * is made anew only when root has changed something. A process that dies in between has lost nothing: the container
 * still has it, and tells by its exit code that it was not kept; the next stop or start keeps it first.
 */
export async function stopComputer(computer: DockerComputer): Promise<void> {
  computer.letGo();
  await computer.snapshots.close();
  if (!(await computer.find())?.container) return;
  await endContainer(computer);
  await keepRootFilesystem(computer);
}

async function endContainer(computer: DockerComputer): Promise<void> {
  const { container } = computer;
  const deadline = performance.now() + STOP_MS;
  while (performance.now() < deadline) {
    try {
      await container.kill({ signal: END_SIGNAL });
    } catch (error) {
      if (hasStatus(error, 404, 409)) return;
      throw error;
    }
    const ended = settled(container.wait({ condition: 'not-running' })).then(() => true);
    if (await Promise.race([ended, delay(ASK_AGAIN_MS, false, { ref: false })])) return;
  }
  await settled(container.stop({ t: 0 }));
  computer.forcedEnd = (await found(container.inspect()))?.State.FinishedAt;
}
