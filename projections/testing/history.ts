import { envelop, event, type EventEnvelope, type SessionEvent } from '#domain';
import type { EventStore, RecordedEvent } from '#event-store';
import { eventMaker, type Dice } from './events.js';

const BEGIN = Date.UTC(2026, 0, 1);

/** Writes a log in memory: envelopes with versions, ids, times and sequences, one second from each to the next. */
export class HistoryWriter {
  readonly recorded: RecordedEvent[] = [];
  private readonly versions = new Map<string, number>();

  /** Appends an event to a session; `commandHash` as with an idempotency key. */
  add(
    sessionId: string,
    added: SessionEvent,
    options: { commandId?: string; commandHash?: string } = {},
  ): RecordedEvent {
    const sequence = this.recorded.length + 1;
    const version = (this.versions.get(sessionId) ?? 0) + 1;
    this.versions.set(sessionId, version);
    const at = BEGIN + sequence * 1_000;
    const commandid = options.commandId ?? `command-${sequence}`;
    const fields = {
      id: `event-${String(sequence).padStart(8, '0')}`,
      time: new Date(at).toISOString(),
      source: '/raworc/test',
      actor: 'user:ada',
      commandid,
      correlationid: commandid,
      ...(options.commandHash === undefined ? {} : { commandhash: options.commandHash }),
    };
    const recorded = { sequence, storedAt: at / 1_000, event: envelop(sessionId, version, added, fields) };
    this.recorded.push(recorded);
    return recorded;
  }

  /** Unix seconds of a recorded event. */
  static at(recorded: RecordedEvent): number {
    return Date.parse(recorded.event.time) / 1_000;
  }
}

/** A log of several sessions with events of every type in any order; some sessions end erased. */
export function randomHistory(dice: Dice, sessions: number, events: number): RecordedEvent[] {
  const writer = new HistoryWriter();
  const makers = Array.from({ length: sessions }, () => eventMaker(dice));
  const begun = new Set<number>();
  const ended = new Set<number>();
  for (let n = 0; n < events; n++) {
    const index = dice(sessions);
    const maker = makers[index];
    if (maker === undefined || ended.has(index)) continue;
    const id = `session-${index}`;
    const options = dice(4) === 0 ? { commandId: `command-${id}-${dice(50)}`, commandHash: `hash-${n}` } : {};
    if (!begun.has(index)) writer.add(id, maker.created(id), options);
    else if (dice(events) < 3) {
      writer.add(id, event('session.erased', {}), options);
      ended.add(index);
    } else writer.add(id, maker.next(), options);
    begun.add(index);
  }
  return writer.recorded;
}

/** What the log still has: an erased session is its tombstone only. */
export function afterErasure(recorded: readonly RecordedEvent[]): RecordedEvent[] {
  const erased = new Set(
    recorded.filter(({ event }) => isTombstone(event)).map(({ event }) => event.subject),
  );
  return recorded.filter(({ event }) => isTombstone(event) || !erased.has(event.subject));
}

function isTombstone({ type }: EventEnvelope): boolean {
  return type === 'session.erased';
}

/** Puts recorded events on a log, in their order; the log gives them sequences of its own. */
export async function appendAll(store: EventStore, recorded: readonly RecordedEvent[]): Promise<void> {
  const expected = new Map<string, number>();
  for (const { event: added } of recorded) {
    const before = expected.get(added.subject) ?? (await store.last(added.subject))?.sequence ?? 0;
    const append = isTombstone(added)
      ? store.erase(added.subject, added, before)
      : store.append(added.subject, [added], before);
    expected.set(added.subject, (await append).sequence);
  }
}
