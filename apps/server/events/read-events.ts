import type { StreamedEvent } from '#contracts';
import type { EventStore } from '#event-store';
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

/** A session's events on the log by now. */
export async function readSessionEvents(
  store: EventStore,
  sessionId: string,
  { after, limit }: Omit<EventPage, 'signal'>,
): Promise<StreamedEvent[]> {
  const history = await store.read(sessionId, { fromSequence: after + 1 });
  return history.slice(0, limit).map(publicEvent);
}
