import { evolve, initialState, type SessionState } from '#domain';
import type { EventStore } from '#event-store';
import type { IdleSession, SessionDirectory } from '../ports.js';

interface Row {
  state: SessionState;
  lastActivityAt: number;
}

/** Knows sessions by following the log, as the sessions view does. */
export class LogDirectory implements SessionDirectory {
  private readonly rows = new Map<string, Row>();
  private last = 0;

  async follow(store: EventStore, signal: AbortSignal): Promise<void> {
    for await (const { event, sequence } of store.follow({ after: 0, signal })) {
      const row = this.rows.get(event.subject) ?? { state: initialState, lastActivityAt: 0 };
      const state = { ...evolve(row.state, event), version: event.sessionversion };
      this.rows.set(event.subject, { state, lastActivityAt: Date.parse(event.time) / 1000 });
      this.last = sequence;
    }
  }

  *live(): Iterable<{ id: string; state: string; node: string | null }> {
    for (const [id, { state }] of this.rows) {
      if (state.lifecycle === 'live' && state.status !== 'closed') {
        yield { id, state: state.status, node: state.node };
      }
    }
  }

  *idle(): Iterable<IdleSession> {
    for (const [id, { state, lastActivityAt }] of this.rows) {
      if (state.lifecycle !== 'live' || state.status !== 'idle') continue;
      yield {
        id,
        version: state.version,
        last_activity_at: lastActivityAt,
        timeout_seconds: state.timeoutSeconds,
        node: state.node,
      };
    }
  }

  /** Every unfinished one, whatever its age: a spec cannot wait for minutes. */
  *unfinishedRemixes(): Iterable<string> {
    for (const [id, { state }] of this.rows) if (state.lifecycle === 'copying') yield id;
  }

  position(): number {
    return this.last;
  }

  exists(id: string): boolean {
    return this.rows.get(id)?.state.lifecycle === 'live';
  }
}
