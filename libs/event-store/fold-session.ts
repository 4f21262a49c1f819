import { LogError, type EventStore, type RecordedEvent } from './event-store.js';
import { HistoryCheck } from './history.js';

export interface FoldOptions<T> {
  sessionId: string;
  /** Only events from here on. */
  fromSequence?: number;
  /** What there is before the first event. Asked again when the reading begins again. */
  begin: () => T;
  /** Takes in some events, which come in their order. */
  take: (before: T, events: readonly RecordedEvent[]) => T;
}

/**
 * What a session's events lead to, as the log has them now, for whoever needs no event by itself: a page is in memory
 * at a time, however long the history is.
 * @throws LogError `log_corrupt` when a version is missing
 */
export async function foldSession<T>(
  store: Pick<EventStore, 'scan'>,
  { sessionId, fromSequence = 0, begin, take }: FoldOptions<T>,
): Promise<T> {
  const foldOnce = async (): Promise<T> => {
    const check = new HistoryCheck(sessionId, fromSequence <= 1);
    let value = begin();
    for await (const events of pagesOf(store, sessionId, fromSequence)) {
      for (const recorded of events) check.see(recorded);
      value = take(value, events);
    }
    return value;
  };
  try {
    return await foldOnce();
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'log_corrupt') throw error;
    // An erasure between two pages looks like a gap, once.
    return foldOnce();
  }
}

/** The session's first event, of which the others need not be read; undefined when there is none. */
export async function firstOf(
  store: Pick<EventStore, 'scan'>,
  sessionId: string,
): Promise<RecordedEvent | undefined> {
  for await (const [first] of pagesOf(store, sessionId, 0)) return first;
  return undefined;
}

function pagesOf(
  store: Pick<EventStore, 'scan'>,
  sessionId: string,
  fromSequence: number,
): AsyncIterable<RecordedEvent[]> {
  const { signal } = new AbortController();
  return store.scan({ after: Math.max(0, fromSequence - 1), sessionId, signal });
}
