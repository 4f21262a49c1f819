import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { helperOptions } from '../container/container-options.js';
import { hasStatus } from './engine-error.js';
import { type Engine, settled } from './engine.js';
import { type Answer, type Doing, readAnswer } from '../files/inside-call.js';
import type { SessionNames } from './naming.js';

const REMOVED_WITHIN_MS = 30_000;

export interface HelperWork extends Doing {
  image: string;
  mounts: Docker.MountSettings[];
  root: boolean;
  stdin?: Uint8Array[];
}

/** Runs a program of ours on a session's volumes in a container that lives as long as the program. */
export async function callInHelper(
  engine: Engine,
  names: SessionNames,
  argv: string[],
  work: HelperWork,
): Promise<Answer> {
  const options = helperOptions(engine, names, work.image, argv, work.mounts, work.root);
  const container = await engine.docker.createContainer(options);
  let stream: Duplex | undefined;
  try {
    const attached = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    stream = (await container.attach(attached)) as Duplex;
    const answer = readAnswer(stream, work);
    // Awaited below; until then a failure of the start is the one to tell.
    answer.catch(() => undefined);
    await container.start();
    for (const bytes of work.stdin ?? []) stream.write(bytes);
    stream.end();
    return await answer;
  } finally {
    // Ends the wait for an answer of a program that never began.
    stream?.destroy();
    await remove(container);
  }
}

/** Resolves when it is gone, and holds no volume any more. */
async function remove(container: Docker.Container): Promise<void> {
  try {
    await settled(container.remove({ force: true }));
  } catch (error) {
    // The engine removes it already, because its program has ended.
    if (!hasStatus(error, 409)) throw error;
    const removed = settled(container.wait({ condition: 'removed' }));
    await Promise.race([removed, delay(REMOVED_WITHIN_MS, undefined, { ref: false })]);
  }
}
