import { upcast, type EventEnvelope } from '#domain';
import { ConcurrencyError, type AppendResult, type LogInfo, type RecordedEvent } from '../event-store.js';
import { assertToken } from '../tokens.js';

interface Stored {
  sequence: number;
  storedAt: number;
  id: string;
  sessionId: string;
  type: EventEnvelope['type'];
  /** The envelope as on a wire, so that no reader shares objects with the writer. */
  json: string;
}

/** The log's state and its rules, without any waiting except for growth. */
export class MemoryLog {
  readonly #created = new Date().toISOString();
  /** Index = sequence - 1; undefined where an event was erased. */
  readonly #entries: (Stored | undefined)[] = [];
  readonly #sessions = new Map<string, Stored[]>();
  #waiting: (() => void)[] = [];

  get lastSequence(): number {
    return this.#entries.length;
  }

  info(): LogInfo {
    const first = this.#entries.find((entry) => entry !== undefined)?.sequence;
    const { lastSequence } = this;
    const stored = this.#entries.filter((entry) => entry !== undefined);
    const bytes = stored.reduce((sum, { json }) => sum + json.length, 0);
    return { created: this.#created, firstSequence: first ?? 0, lastSequence, events: stored.length, bytes };
  }

  append(sessionId: string, events: readonly EventEnvelope[], expectedSequence: number): AppendResult {
    assertToken(sessionId);
    const session = this.#sessions.get(sessionId) ?? [];
    if ((session.at(-1)?.sequence ?? 0) !== expectedSequence) {
      return retried(sessionId, session, events, expectedSequence);
    }
    for (const event of events) this.#store(session, sessionId, event);
    this.#sessions.set(sessionId, session);
    this.#wake();
    return { sequence: this.lastSequence, duplicate: false };
  }

  erase(sessionId: string, tombstone: EventEnvelope, expectedSequence: number): AppendResult {
    const result = this.append(sessionId, [tombstone], expectedSequence);
    const session = this.#sessions.get(sessionId) ?? [];
    for (const { sequence } of session.splice(0, session.length - 1)) this.#entries[sequence - 1] = undefined;
    return result;
  }

  typeAt(sequence: number): EventEnvelope['type'] | undefined {
    return this.#entries[sequence - 1]?.type;
  }

  sessionAt(sequence: number): string | undefined {
    return this.#entries[sequence - 1]?.sessionId;
  }

  at(sequence: number): RecordedEvent | undefined {
    const entry = this.#entries[sequence - 1];
    return entry && recorded(entry);
  }

  read(sessionId: string, fromSequence: number): RecordedEvent[] {
    assertToken(sessionId);
    const session = this.#sessions.get(sessionId) ?? [];
    return session.filter(({ sequence }) => sequence >= fromSequence).map(recorded);
  }

  last(sessionId: string): RecordedEvent | undefined {
    assertToken(sessionId);
    const entry = this.#sessions.get(sessionId)?.at(-1);
    return entry && recorded(entry);
  }

  /** Resolves when there is something after the sequence, or the signal aborts. */
  async grownPast(sequence: number, signal: AbortSignal): Promise<void> {
    while (this.lastSequence <= sequence && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const stop = () => {
          signal.removeEventListener('abort', stop);
          resolve();
        };
        signal.addEventListener('abort', stop);
        this.#waiting.push(stop);
      });
    }
  }

  #store(session: Stored[], sessionId: string, event: EventEnvelope): void {
    const entry: Stored = {
      sequence: this.#entries.length + 1,
      storedAt: Date.now() / 1000,
      id: event.id,
      sessionId,
      type: event.type,
      json: JSON.stringify(event),
    };
    this.#entries.push(entry);
    session.push(entry);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

function recorded({ sequence, storedAt, json }: Stored): RecordedEvent {
  return { sequence, storedAt, event: upcast(JSON.parse(json) as EventEnvelope) };
}

/** The session has moved on: by these very events, then it is a retry, or by another's. */
function retried(
  sessionId: string,
  session: Stored[],
  events: readonly EventEnvelope[],
  expectedSequence: number,
) {
  const start = session.findIndex(({ sequence }) => sequence > expectedSequence);
  const mine = start >= 0 && events.every(({ id }, index) => session[start + index]?.id === id);
  const last = session[start + events.length - 1];
  if (!mine || last === undefined) throw new ConcurrencyError(sessionId, expectedSequence);
  return { sequence: last.sequence, duplicate: true };
}
