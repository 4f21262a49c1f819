import type { ReadableLog } from './verify.js';

const FIRST_LOOK_BACK = 16;

/**
 * Sequence of the last event that is there; 0 when there is none. The log's own last sequence outlives the message that
 * had it: whoever waits for an event with that number may wait for ever.
 */
export async function lastEventOf(log: ReadableLog): Promise<number> {
  const { lastSequence } = await log.info();
  if (lastSequence === 0 || (await log.at(lastSequence)) !== undefined) return lastSequence;
  for (let distance = FIRST_LOOK_BACK; ; distance *= FIRST_LOOK_BACK) {
    const after = Math.max(0, lastSequence - distance);
    const last = await lastAfter(log, after);
    if (last !== undefined || after === 0) return last ?? 0;
  }
}

async function lastAfter(log: ReadableLog, after: number): Promise<number | undefined> {
  let last: number | undefined;
  const { signal } = new AbortController();
  for await (const batch of log.scan({ after, signal })) last = batch.at(-1)?.sequence ?? last;
  return last;
}
