import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { helperOptions } from '../container/container-options.js';
import { hasStatus } from './engine-error.js';
import { type Engine, settled } from './engine.js';
import { type Answer, type Doing, readAnswer } from '../files/inside-call.js';
import type { SessionNames } from './naming.js';

const REMOVED_WITHIN_MS = 30_000;

export interface HelperPlan {
  image: string;
  mounts: Docker.MountSettings[];
  root: boolean;
}

export interface HelperWork extends HelperPlan, Doing {
  stdin: Uint8Array[];
}

/** A program of ours on a session's volumes, in a container that lives as long as the program. */
export interface StartedHelper<T> {
  container: Docker.Container;
  stream: Duplex;
  /** What listens to the stream. */
  listener: T;
  /** Resolves when the container is gone, and holds no volume any more. */
  remove(): Promise<void>;
}

/** Runs such a program with all that it is to read, and takes its answer. */
export async function callInHelper(
  engine: Engine,
  names: SessionNames,
  argv: string[],
  work: HelperWork,
): Promise<Answer> {
  const helper = await startHelper(engine, names, argv, work, (stream) => {
    const answer = readAnswer(stream, work);
    // Awaited below; until then a failure of the start is the one to tell.
    answer.catch(() => undefined);
    return answer;
  });
  try {
    for (const bytes of work.stdin) helper.stream.write(bytes);
    helper.stream.end();
    return await helper.listener;
  } finally {
    await helper.remove();
  }
}

/** Starts one that reads until its input ends, which is also when the service dies. */
export async function startHelper<T>(
  engine: Engine,
  names: SessionNames,
  argv: string[],
  { image, mounts, root }: HelperPlan,
  /** Told before the start: a stream may break at any time. */
  listen: (stream: Duplex) => T,
): Promise<StartedHelper<T>> {
  const options = helperOptions(engine, names, image, argv, mounts, root);
  const container = await engine.docker.createContainer(options);
  let stream: Duplex | undefined;
  const end = (): Promise<void> => {
    // Ends the wait for an answer of a program that never began.
    stream?.destroy();
    return removeContainer(container);
  };
  try {
    const attached = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    stream = (await container.attach(attached)) as Duplex;
    const listener = listen(stream);
    await container.start();
    return { container, stream, listener, remove: end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Resolves when it is gone. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await settled(container.remove({ force: true }));
  } catch (error) {
    // The engine removes it already, because its program has ended.
    if (!hasStatus(error, 409)) throw error;
    const waiting = new AbortController();
    const removed = settled(container.wait({ condition: 'removed', abortSignal: waiting.signal }));
    await Promise.race([removed, delay(REMOVED_WITHIN_MS, undefined, { ref: false })]);
    // Engines do not always answer for what was removed in the same moment.
    waiting.abort();
  }
}
