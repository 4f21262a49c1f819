import type { SessionRepository } from '#commands';
import { evolveRecorded, type EventEnvelope, type SessionCreated, type SessionState } from '#domain';
import { firstOf, foldSession, type EventStore } from '#event-store';
import { factsAfter, isUpkeep, NO_FACTS, type SessionFacts } from './session-facts.js';

export interface CurrentSession {
  id: string;
  state: SessionState;
  last: EventEnvelope | undefined;
}

/** Sessions as they are on the log now, also when another process wrote last. */
export class CurrentSessions {
  constructor(
    private readonly repository: SessionRepository,
    private readonly store: EventStore,
  ) {}

  async load(id: string): Promise<CurrentSession> {
    const known = await this.repository.load(id);
    const last = await this.store.last(id);
    if (last === undefined || last.sequence <= known.sequence) {
      return { id, state: known.state, last: last?.event };
    }
    const state = await foldSession(this.store, {
      sessionId: id,
      fromSequence: known.sequence + 1,
      begin: () => known.state,
      take: (before, missed) => missed.reduce((state, { event }) => evolveRecorded(state, event), before),
    });
    return { id, state, last: last.event };
  }

  /** Of all that ever happened in the session. */
  facts(id: string): Promise<SessionFacts> {
    return foldSession(this.store, {
      sessionId: id,
      begin: () => NO_FACTS,
      take: (before, events) => events.reduce((facts, { event }) => factsAfter(facts, event), before),
    });
  }

  /** What the session was created with; undefined when there is none, or it was erased. */
  async creation(id: string): Promise<SessionCreated | undefined> {
    const first = (await firstOf(this.store, id))?.event;
    return first?.type === 'session.created' ? first.data : undefined;
  }
}

/** When something was last done with the session, in unix milliseconds. */
export async function lastActivity({ id, last }: CurrentSession, sessions: CurrentSessions): Promise<number> {
  if (last === undefined) return 0;
  if (!isUpkeep(last)) return Date.parse(last.time);
  return Date.parse((await sessions.facts(id)).lastActivity ?? last.time);
}
