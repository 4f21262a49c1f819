import { Worker } from 'node:worker_threads';
import { PoisonEventError } from './poison.js';
import type { RebuildReply, RebuildRequest, RebuildWorkerData } from './rebuild-messages.js';
import type { RebuildTarget } from './rebuild-target.js';
import type { ViewFileOptions } from './view-file.js';

/** The worker's module, and how node has to be started for it. */
export interface RebuildWorker {
  entry: URL;
  execArgv?: string[];
}

/** Batches on their way to the worker: enough to keep it busy, few enough to keep memory flat. */
const MAX_IN_FLIGHT = 4;

interface Pending {
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Rebuilds in a worker thread, so that this one stays free for commands and queries. */
export function rebuildInWorker(
  worker: RebuildWorker,
  options: ViewFileOptions,
  logCreated: string,
): RebuildTarget {
  const workerData: RebuildWorkerData = {
    path: options.path,
    logCreated,
    skip: options.skip,
    modules: options.projections.map(({ module }) => module),
  };
  const thread = new Worker(worker.entry, { workerData, execArgv: worker.execArgv });
  const pending: Pending[] = [];
  let failed: Error | undefined;

  const fail = (error: Error): void => {
    failed ??= error;
    for (const { reject } of pending.splice(0)) reject(failed);
  };
  thread.on('error', fail);
  thread.on('exit', (code) =>
    fail(new Error(`The rebuild's worker thread ended early (exit code ${code}).`)),
  );
  thread.on('message', (reply: RebuildReply) => {
    if (reply === 'done') pending.shift()?.resolve();
    else fail('poison' in reply ? new PoisonEventError(reply.poison) : new Error(reply.failure));
  });

  const request = (message: RebuildRequest): Promise<void> => {
    if (failed !== undefined) return Promise.reject(failed);
    const done = new Promise<void>((resolve, reject) => pending.push({ resolve, reject }));
    // A failure also ends the next request; it must not count as unhandled meanwhile.
    done.catch(() => undefined);
    thread.postMessage(message);
    return done;
  };
  const inFlight: Promise<void>[] = [];

  return {
    async append(batch) {
      inFlight.push(request({ batch: JSON.stringify(batch) }));
      if (inFlight.length >= MAX_IN_FLIGHT) await inFlight.shift();
    },
    async finish() {
      await request('finish');
    },
    async abandon() {
      await thread.terminate();
    },
  };
}
