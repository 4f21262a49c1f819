import type { SessionRepository } from '#commands';
import { evolve, type EventEnvelope, type EventOf, type SessionState } from '#domain';
import type { EventStore } from '#event-store';

export interface CurrentSession {
  id: string;
  state: SessionState;
  /** When the last event was decided, in unix milliseconds; 0 when there is none. */
  lastActivityMs: number;
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
    const lastActivityMs = last === undefined ? 0 : Date.parse(last.event.time);
    if (last === undefined || last.sequence <= known.sequence)
      return { id, state: known.state, lastActivityMs };
    const missed = await this.store.read(id, { fromSequence: known.sequence + 1 });
    const state = missed.reduce<SessionState>(
      (before, { event }) => ({ ...evolve(before, event), version: event.sessionversion }),
      known.state,
    );
    return { id, state, lastActivityMs };
  }

  async history(id: string): Promise<EventEnvelope[]> {
    return (await this.store.read(id)).map(({ event }) => event);
  }
}

/** What the session was created with. */
export function creationOf(history: EventEnvelope[]): EventOf<'session.created'>['data'] {
  const first = history[0];
  if (first?.type === 'session.created') return first.data;
  throw new Error(`A session begins with session.created, this one with ${first?.type ?? 'nothing'}.`);
}
