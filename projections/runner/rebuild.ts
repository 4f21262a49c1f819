import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import { syncToDisk } from './database.js';
import { lastEventOf } from './log-end.js';
import type { ReadableLog } from './verify.js';
import { ViewFile, type ViewFileOptions } from './view-file.js';

/** Events in one transaction at most. */
export const MAX_BATCH = 1_000;

/** Builds a new file from the whole log but for the last few events, in slices of one batch. */
export async function buildFile(
  log: ReadableLog,
  options: ViewFileOptions,
  signal: AbortSignal,
): Promise<void> {
  const { created } = await log.info();
  const file = ViewFile.create(options, created, 'bulk');
  try {
    let goal = await lastEventOf(log);
    while (file.position.sequence < goal) {
      await feed(log, file, goal, signal);
      goal = await lastEventOf(log);
      if (goal - file.position.sequence < MAX_BATCH) break;
    }
  } finally {
    file.close();
  }
  syncToDisk(options.path);
}

/** Brings a file up to what the log has now. */
export async function catchUp(log: ReadableLog, file: ViewFile, signal: AbortSignal): Promise<void> {
  await feed(log, file, await lastEventOf(log), signal);
}

async function feed(log: ReadableLog, file: ViewFile, goal: number, signal: AbortSignal): Promise<void> {
  for await (const batch of batchesUpTo(log, file.position.sequence, goal, signal)) {
    file.append(batch);
    await setImmediate();
  }
}

/** The batches after a position up to a goal; the last may reach beyond it. */
async function* batchesUpTo(
  log: ReadableLog,
  after: number,
  goal: number,
  signal: AbortSignal,
): AsyncGenerator<readonly RecordedEvent[]> {
  if (after >= goal) return;
  for await (const batch of log.followBatches({ after, maxBatch: MAX_BATCH, signal })) {
    yield batch;
    if ((batch.at(-1)?.sequence ?? 0) >= goal) return;
  }
  signal.throwIfAborted();
  throw new Error('The log stopped delivering events.');
}
