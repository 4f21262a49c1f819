import { LRUCache } from 'lru-cache';
import { evolveRecorded, initialState, type EventEnvelope, type SessionState } from '#domain';
import { foldSession, type EventStore, type RecordedEvent } from '#event-store';
import { CommandIndex } from './command-index.js';
import { sizeOfState } from './state-size.js';

/** A session as of one of its events. */
export interface LoadedSession {
  state: SessionState;
  /** Sequence of the session's last event; 0 when it has none. */
  sequence: number;
  version: number;
  /** Commands that came with an idempotency key, as far back as a key is known. */
  commands: CommandIndex;
}

export const NO_SESSION: LoadedSession = {
  state: initialState,
  sequence: 0,
  version: 0,
  commands: new CommandIndex(),
};
const CACHE_BYTES = 64 * 1024 * 1024;

/** The sessions as folded from the log, cached. A cached one may be old: other processes append too. */
export class LoadedSessions {
  private readonly cache: LRUCache<string, LoadedSession>;

  constructor(
    private readonly store: EventStore,
    cacheBytes = CACHE_BYTES,
  ) {
    this.cache = new LRUCache({ maxSize: cacheBytes, sizeCalculation: sizeOf });
  }

  /** Estimated memory of what is cached. */
  get cachedBytes(): number {
    return this.cache.calculatedSize;
  }

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
    // An append is atomic, so its events stand side by side.
    const first = sequence - events.length + 1;
    const added = events.map((event, index) => ({ event, sequence: first + index }));
    return this.keep(sessionId, follow(from, added));
  }

  forget(sessionId: string): void {
    this.cache.delete(sessionId);
  }

  private async readTail(sessionId: string, known: LoadedSession): Promise<LoadedSession | undefined> {
    let isNext = false;
    const loaded = await foldSession(this.store, {
      sessionId,
      fromSequence: known.sequence + 1,
      begin: () => known,
      take: (before, events) => {
        if (before === known) isNext = follows(known, events[0]);
        return isNext ? follow(before, events) : before;
      },
    });
    return isNext ? this.keep(sessionId, loaded) : undefined;
  }

  private async readAll(sessionId: string): Promise<LoadedSession> {
    const loaded = await foldSession(this.store, { sessionId, begin: () => NO_SESSION, take: follow });
    if (loaded !== NO_SESSION) return this.keep(sessionId, loaded);
    this.cache.delete(sessionId);
    return NO_SESSION;
  }

  private keep(sessionId: string, loaded: LoadedSession): LoadedSession {
    this.cache.set(sessionId, loaded);
    return loaded;
  }
}

function sizeOf({ state, commands }: LoadedSession): number {
  return sizeOfState(state) + commands.bytes;
}

function follows({ version }: LoadedSession, next: RecordedEvent | undefined): boolean {
  return next?.event.type === 'event.unreadable' || next?.event.sessionversion === version + 1;
}

function follow(
  from: LoadedSession,
  added: readonly Pick<RecordedEvent, 'event' | 'sequence'>[],
): LoadedSession {
  let { state, sequence } = from;
  const commands = from === NO_SESSION ? new CommandIndex() : from.commands;
  for (const { event, sequence: at } of added) {
    state = evolveRecorded(state, event);
    sequence = at;
    commands.add(event, { version: state.version, sequence });
  }
  return { state, sequence, version: state.version, commands };
}
