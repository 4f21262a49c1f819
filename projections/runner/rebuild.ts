import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import type { RebuildTarget } from './rebuild-target.js';
import type { ReadableLog } from './verify.js';
import type { ViewFile } from './view-file.js';

/** Events in one transaction at most. */
export const MAX_BATCH = 1_000;

/** Feeds the whole history into a target, until fewer events are left than one batch holds. */
export async function replay(log: ReadableLog, target: RebuildTarget): Promise<void> {
  let position = 0;
  for (;;) {
    const goal = (await log.info()).lastSequence;
    if (position > 0 && goal - position < MAX_BATCH) return;
    position = await feed(log, position, goal, (batch) => target.append(batch));
    if (position === 0) return;
  }
}

/** Brings a file up to what the log has now. */
export async function catchUp(log: ReadableLog, file: ViewFile): Promise<void> {
  const goal = (await log.info()).lastSequence;
  await feed(log, file.position.sequence, goal, async (batch) => {
    file.append(batch);
    await setImmediate();
  });
}

/** Hands over the batches after a position up to a goal; the last may reach beyond it. Returns the new position. */
async function feed(
  log: ReadableLog,
  after: number,
  goal: number,
  take: (batch: readonly RecordedEvent[]) => Promise<void>,
): Promise<number> {
  if (goal <= after) return after;
  let position = after;
  const stop = new AbortController();
  try {
    for await (const batch of log.followBatches({ after, maxBatch: MAX_BATCH, signal: stop.signal })) {
      await take(batch);
      position = batch.at(-1)?.sequence ?? position;
      if (position >= goal) break;
    }
  } finally {
    stop.abort();
  }
  return position;
}
