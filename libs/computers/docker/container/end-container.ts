import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { hasStatus } from '../engine/engine-error.js';
import { found, settled } from '../engine/engine.js';
import { END_SIGNAL } from './keeper.js';

const STOP_MS = 10_000;
/** A container that has only just been started may not listen to signals yet. */
const ASK_AGAIN_MS = 1_000;

/**
 * Asks the keeper to end every process; one that does not comes to an end without being asked. Resolves to the time of
 * such an end, as the engine tells it: no exit code says that it was us.
 */
export async function endContainer(container: Docker.Container): Promise<string | undefined> {
  const deadline = performance.now() + STOP_MS;
  while (performance.now() < deadline) {
    try {
      await container.kill({ signal: END_SIGNAL });
    } catch (error) {
      if (hasStatus(error, 404, 409)) return undefined;
      throw error;
    }
    const waiting = new AbortController();
    const wait = container.wait({ condition: 'not-running', abortSignal: waiting.signal });
    const ended = settled(wait).then(() => true);
    const hasEnded = await Promise.race([ended, delay(ASK_AGAIN_MS, false, { ref: false })]);
    waiting.abort();
    if (hasEnded) return undefined;
  }
  await settled(container.stop({ t: 0 }));
  return (await found(container.inspect()))?.State.FinishedAt;
}
