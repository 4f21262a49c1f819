import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import { removeDatabase } from './database.js';
import { rebuildInWorker, type RebuildWorker } from './rebuild-in-worker.js';
import { rebuildHere, type RebuildTarget } from './rebuild-target.js';
import type { ReadableLog } from './verify.js';
import type { ViewFile, ViewFileOptions } from './view-file.js';

/** Events in one transaction at most. */
export const MAX_BATCH = 1_000;

/**
 * Builds a new file from the whole log but for the last few events; nothing is left of it when that fails.
 * @param worker null: in this thread
 */
export async function rebuildFile(
  log: ReadableLog,
  worker: RebuildWorker | null,
  options: ViewFileOptions,
  signal: AbortSignal,
): Promise<void> {
  const { created } = await log.info();
  const target = worker === null ? rebuildHere(options, created) : rebuildInWorker(worker, options, created);
  try {
    await replay(log, target, signal);
    await target.finish();
  } catch (error) {
    await target.abandon();
    removeDatabase(options.path);
    throw error;
  }
}

/** Brings a file up to what the log has now. */
export async function catchUp(log: ReadableLog, file: ViewFile, signal: AbortSignal): Promise<void> {
  const goal = (await log.info()).lastSequence;
  await feed(log, file.position.sequence, goal, signal, async (batch) => {
    file.append(batch);
    await setImmediate();
  });
}

/** The compiled worker; null where there is only the source. */
export function defaultWorker(): RebuildWorker | null {
  const entry = new URL('./rebuild-worker.js', import.meta.url);
  return existsSync(entry) ? { entry } : null;
}

/** Feeds the history into a target, until fewer events are left than one batch holds. */
async function replay(log: ReadableLog, target: RebuildTarget, signal: AbortSignal): Promise<void> {
  let position = 0;
  let goal = (await log.info()).lastSequence;
  while (position < goal) {
    position = await feed(log, position, goal, signal, (batch) => target.append(batch));
    const { lastSequence } = await log.info();
    goal = lastSequence - position < MAX_BATCH ? position : lastSequence;
  }
}

/** Hands over the batches after a position up to a goal; the last may reach beyond it. Returns the new position. */
async function feed(
  log: ReadableLog,
  after: number,
  goal: number,
  signal: AbortSignal,
  take: (batch: readonly RecordedEvent[]) => Promise<void>,
): Promise<number> {
  if (goal <= after) return after;
  for await (const batch of log.followBatches({ after, maxBatch: MAX_BATCH, signal })) {
    await take(batch);
    const position = batch.at(-1)?.sequence ?? after;
    if (position >= goal) return position;
  }
  signal.throwIfAborted();
  throw new Error('The log stopped delivering events.');
}
