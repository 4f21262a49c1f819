import type { EventEnvelope } from '#domain';
import type { AppendResult } from './event-store.js';

/** What one atomic write holds at most. */
const LARGEST_BATCH = 1000;

/** Appends a list in atomic writes, each at the position where the one before it ended. */
export async function appendInBatches(
  events: readonly EventEnvelope[],
  expectedSequence: number,
  append: (batch: readonly EventEnvelope[], position: number) => Promise<AppendResult>,
): Promise<AppendResult> {
  if (events.length === 0) throw new RangeError('There are no events to append.');
  if (events.length <= LARGEST_BATCH) return append(events, expectedSequence);
  let result: AppendResult = { sequence: expectedSequence, duplicate: true };
  for (let start = 0; start < events.length; start += LARGEST_BATCH) {
    const batch = await append(events.slice(start, start + LARGEST_BATCH), result.sequence);
    result = { sequence: batch.sequence, duplicate: batch.duplicate && result.duplicate };
  }
  return result;
}
