import type { StreamedEvent } from '#contracts';
import { beyondEnd, verifyHistory, type EventStore, type RecordedEvent } from '#event-store';
import { publicEvent } from './public-event.js';

export interface EventPage {
  after: number;
  limit?: number;
  signal: AbortSignal;
}

/** What is on the log of all sessions by now, batch by batch. */
export async function* readEvents(store: EventStore, { after, limit = Infinity, signal }: EventPage) {
  const { lastSequence } = await store.info();
  let left = limit;
  for await (const batch of store.scan({ after, signal })) {
    const events = batch.filter(({ sequence }) => sequence <= lastSequence).slice(0, left);
    left -= events.length;
    yield events.map(publicEvent);
    if (left === 0 || (batch.at(-1)?.sequence ?? 0) >= lastSequence) return;
  }
}

/**
 * A session's events on the log by now, batch by batch: a history may be larger than memory.
 * @throws LogError `log_corrupt` when a version is missing
 */
export async function* readSessionEvents(
  store: EventStore,
  sessionId: string,
  { after, limit = Infinity, signal }: EventPage,
): AsyncGenerator<StreamedEvent[]> {
  let left = limit;
  let before: RecordedEvent | undefined;
  for await (const batch of store.scan({ after, sessionId, signal })) {
    // An erasure between two batches leaves its tombstone alone, which begins a history of its own.
    const erased = batch[0]?.event.type === 'session.erased';
    const known = before === undefined || erased ? batch : [before, ...batch];
    verifyHistory(sessionId, known, after === 0 && before === undefined);
    before = batch.at(-1);
    const events = batch.slice(0, left);
    left -= events.length;
    yield events.map(publicEvent);
    if (left === 0) return;
  }
}

/** @throws LogError `cursor_invalid`, instead of an empty answer for ever */
export async function requireReached(store: EventStore, after: number): Promise<void> {
  if (after === 0) return;
  const { lastSequence } = await store.info();
  if (after > lastSequence) throw beyondEnd(after, lastSequence);
}
