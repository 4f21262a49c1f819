import { LRUCache } from 'lru-cache';
import { evolve, initialState, type EventEnvelope, type SessionState } from '#domain';
import type { EventStore } from '#event-store';

/** A session as of one of its events. */
export interface LoadedSession {
  state: SessionState;
  /** Sequence of the session's last event; 0 when it has none. */
  sequence: number;
  version: number;
}

export const NO_SESSION: LoadedSession = { state: initialState, sequence: 0, version: 0 };
const CACHED_SESSIONS = 10_000;

/** The sessions as folded from the log, cached. A cached one may be old: other processes append too. */
export class LoadedSessions {
  private readonly cache = new LRUCache<string, LoadedSession>({ max: CACHED_SESSIONS });

  constructor(private readonly store: EventStore) {}

  async load(sessionId: string): Promise<LoadedSession> {
    return this.cache.get(sessionId) ?? this.readAll(sessionId);
  }

  /** The session as the log has it now. Only what is new is read. */
  async current(sessionId: string): Promise<LoadedSession> {
    const known = this.cache.get(sessionId);
    if (known === undefined) return this.readAll(sessionId);
    const last = await this.store.last(sessionId);
    if (last?.sequence === known.sequence) return known;
    // A log that lost its tail has less than what is known: then nothing that is known counts.
    const hasMore = last !== undefined && last.sequence > known.sequence;
    return (hasMore && (await this.readTail(sessionId, known))) || this.readAll(sessionId);
  }

  /** Keeps what an append has led to. */
  advance(sessionId: string, from: LoadedSession, events: EventEnvelope[], sequence: number): LoadedSession {
    return this.keep(sessionId, follow(from, events, sequence));
  }

  forget(sessionId: string): void {
    this.cache.delete(sessionId);
  }

  private async readTail(sessionId: string, known: LoadedSession): Promise<LoadedSession | undefined> {
    const tail = await this.store.read(sessionId, { fromSequence: known.sequence + 1 });
    const [first, last] = [tail[0], tail.at(-1)];
    const follows =
      first?.event.type === 'event.unreadable' || first?.event.sessionversion === known.version + 1;
    if (last === undefined || !follows) return undefined;
    return this.keep(
      sessionId,
      follow(
        known,
        tail.map(({ event }) => event),
        last.sequence,
      ),
    );
  }

  private async readAll(sessionId: string): Promise<LoadedSession> {
    const history = await this.store.read(sessionId);
    const last = history.at(-1);
    if (last === undefined) {
      this.cache.delete(sessionId);
      return NO_SESSION;
    }
    const events = history.map(({ event }) => event);
    return this.keep(sessionId, follow(NO_SESSION, events, last.sequence));
  }

  private keep(sessionId: string, loaded: LoadedSession): LoadedSession {
    this.cache.set(sessionId, loaded);
    return loaded;
  }
}

function follow(from: LoadedSession, events: EventEnvelope[], sequence: number): LoadedSession {
  let { state } = from;
  for (const event of events) {
    const evolved = evolve(state, event);
    // What cannot be read takes one version, whatever it says itself.
    state = event.type === 'event.unreadable' ? evolved : { ...evolved, version: event.sessionversion };
  }
  return { state, sequence, version: state.version };
}
