import { parentPort, workerData } from 'node:worker_threads';
import { isStorageFault } from './database.js';
import { PoisonEventError, type Poison } from './poison.js';
import type { Projection } from './projection.js';
import { buildFile } from './rebuild.js';
import type { ReadableLog } from './verify.js';

/** What the worker is started with. */
export interface RebuildWorkerData {
  path: string;
  skip: ReadonlySet<number>;
  /** Modules that export a `projection`. */
  projections: string[];
  /** A module that exports `openLog`, and what to call it with. */
  log: { module: string; options: unknown };
}

/** What the worker ends with. */
export type RebuildResult = 'done' | { poison: Poison } | { failure: string; noRoom?: boolean };

/** The export `openLog` of a module that a rebuild worker loads. */
export type OpenLog = (options: unknown) => Promise<{ log: ReadableLog; close: () => Promise<void> }>;

parentPort?.postMessage(await rebuild(workerData as RebuildWorkerData));

async function rebuild({
  path,
  skip,
  projections: modules,
  log: source,
}: RebuildWorkerData): Promise<RebuildResult> {
  try {
    const projections = await Promise.all(modules.map(loadProjection));
    const { openLog } = (await import(source.module)) as { openLog: OpenLog };
    const { log, close } = await openLog(source.options);
    try {
      // Ended from outside, by ending the thread.
      await buildFile(log, { path, skip, projections }, new AbortController().signal);
    } finally {
      await close();
    }
    return 'done';
  } catch (error) {
    if (error instanceof PoisonEventError) return { poison: error.poison };
    return { failure: error instanceof Error ? error.message : String(error), noRoom: isStorageFault(error) };
  }
}

async function loadProjection(module: string): Promise<Projection> {
  const { projection } = (await import(module)) as { projection: Projection };
  return projection;
}
