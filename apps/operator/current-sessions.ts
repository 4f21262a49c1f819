import type { SessionRepository } from '#commands';
import { evolve, type EventEnvelope, type EventOf, type EventType, type SessionState } from '#domain';
import type { EventStore } from '#event-store';

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
    const missed = await this.store.read(id, { fromSequence: known.sequence + 1 });
    const state = missed.reduce<SessionState>(
      (before, { event }) => ({ ...evolve(before, event), version: event.sessionversion }),
      known.state,
    );
    return { id, state, last: last.event };
  }

  async history(id: string): Promise<EventEnvelope[]> {
    return (await this.store.read(id)).map(({ event }) => event);
  }
}

/** Events in which nobody did anything with the session. */
const UPKEEP: ReadonlySet<EventType> = new Set([
  'files.snapshotted',
  'files.snapshot_failed',
  'root_filesystem.kept',
  'computer.failed',
  'computer.disrupted',
]);

/** When something was last done with the session, in unix milliseconds. */
export async function lastActivity({ id, last }: CurrentSession, sessions: CurrentSessions): Promise<number> {
  if (last === undefined) return 0;
  if (!UPKEEP.has(last.type)) return Date.parse(last.time);
  const active = (await sessions.history(id)).findLast(({ type }) => !UPKEEP.has(type));
  return Date.parse((active ?? last).time);
}

/** What the session was created with. */
export function creationOf(history: EventEnvelope[]): EventOf<'session.created'>['data'] {
  const first = history[0];
  if (first?.type === 'session.created') return first.data;
  throw new Error(`A session begins with session.created, this one with ${first?.type ?? 'nothing'}.`);
}
