import { evolveRecorded, initialState, type EventEnvelope, type EventType, type SessionState } from '#domain';
import { foldSession, type EventStore, type RecordedEvent } from '#event-store';

/** What a turn needs of its session's events, in their order, and up to where on the log they were read. */
export interface SessionHistory {
  events: EventEnvelope[];
  /** Of the session's last event. */
  version: number;
  sequence: number;
}

/** Tell a turn nothing, and may be many or large. */
const UNUSED: ReadonlySet<EventType> = new Set<EventType>([
  'files.snapshotted',
  'files.snapshot_failed',
  'root_filesystem.kept',
]);

/** Reads page by page, and keeps no more than what a turn that begins now, or goes on, is told. */
export async function readTurnHistory(
  store: Pick<EventStore, 'scan'>,
  sessionId: string,
): Promise<SessionHistory> {
  const gatherer = await foldSession(store, {
    sessionId,
    begin: () => new Gatherer(),
    take: (before, events) => before.add(events),
  });
  return gatherer.history;
}

class Gatherer {
  private events: EventEnvelope[] = [];
  private state: SessionState = initialState;
  private sequence = 0;
  private instructions: EventEnvelope | undefined;
  /** Where a person took control last, and where that ended. */
  private control: EventEnvelope[] = [];

  get history(): SessionHistory {
    const { events, state, sequence } = this;
    return { events, version: state.version, sequence };
  }

  add(recorded: readonly RecordedEvent[]): this {
    for (const { event, sequence } of recorded) {
      this.see(event);
      this.sequence = sequence;
    }
    return this;
  }

  private see(event: EventEnvelope): void {
    const before = this.state;
    this.state = evolveRecorded(before, event);
    if (event.type === 'session.updated' && event.data.instructions !== undefined) this.instructions = event;
    if (event.type === 'control.taken') this.control = [event];
    else if (before.control !== null && this.state.control === null) this.control.push(event);
    // A turn that runs goes on with the conversation that it began with.
    if (event.type === 'messages.cleared' && this.state.turn === null) this.forget();
    if (!UNUSED.has(event.type)) this.events.push(event);
  }

  /** What a cleared conversation forgets. */
  private forget(): void {
    const kept = new Set([this.instructions, ...this.control]);
    this.events = this.events.filter((event) => event.type === 'session.created' || kept.has(event));
  }
}
