import { Worker } from 'node:worker_threads';
import { PoisonEventError } from './poison.js';
import type { RebuildResult, RebuildWorkerData } from './rebuild-worker.js';
import type { ViewFileOptions } from './view-file.js';
import { noRoomToRebuild } from './view-reader.js';

/** How a rebuild gets a thread of its own, with a connection of its own to the log. */
export interface RebuildWorker {
  /** URL of a module that exports `openLog` (see OpenLog). */
  logModule: string;
  /** What `openLog` is called with; must survive a structured clone. */
  logOptions: unknown;
  /** The worker's module; left out, the compiled one. */
  entry?: URL;
  /** Node's flags for the thread. */
  execArgv?: string[];
}

/** Builds the file in a worker thread, so that this one stays free for commands and queries. */
export async function buildInWorker(
  { logModule, logOptions, entry, execArgv }: RebuildWorker,
  { path, skip, projections }: ViewFileOptions,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const workerData: RebuildWorkerData = {
    path,
    skip,
    projections: projections.map(({ module }) => module),
    log: { module: logModule, options: logOptions },
  };
  const thread = new Worker(entry ?? new URL('./rebuild-worker.js', import.meta.url), {
    workerData,
    execArgv,
  });
  try {
    settle(await resultOf(thread, signal));
  } finally {
    await thread.terminate();
  }
}

function resultOf(thread: Worker, signal: AbortSignal): Promise<RebuildResult> {
  return new Promise<RebuildResult>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', () => resolve({ failure: 'the worker thread ended early' }));
    signal.addEventListener(
      'abort',
      () => reject(new Error('the views were closed', { cause: signal.reason })),
      { once: true },
    );
  });
}

function settle(result: RebuildResult): void {
  if (result === 'done') return;
  if ('poison' in result) throw new PoisonEventError(result.poison);
  if (result.noRoom) throw noRoomToRebuild(result.failure);
  throw new Error(`The views could not be rebuilt: ${result.failure}. They stay as they were.`);
}
