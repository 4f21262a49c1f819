import { fold, type Control } from '#domain';
import type { EventStore } from '#event-store';
import type { TurnJournal } from './turn-journal.js';

/** Longest wait that a timer can do. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Who uses the session's desktop now. Host starts no tool while a person does. */
export class DesktopControl {
  constructor(
    private readonly journal: TurnJournal,
    private readonly store: EventStore,
    private readonly now: () => Date,
  ) {}

  /**
   * Resolves when no person holds control; a lease that is over is ended here. The journal is up to date then.
   * Rejects when the signal aborts.
   */
  async free(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      await this.journal.catchUp();
      const control = this.held();
      if (control === null) return;
      const leftMs = control.until * 1000 - this.now().getTime();
      if (leftMs > 0) await this.nextEvent(leftMs, signal);
      else await this.journal.endLease(control);
    }
  }

  private held(): Control | null {
    const { events } = this.journal;
    return events.some(({ type }) => type === 'control.taken') ? fold(events).control : null;
  }

  /** Something happened in the session, or the time is over. */
  private async nextEvent(ms: number, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.timeout(Math.min(Math.ceil(ms), MAX_TIMER_MS));
    const { sessionId, sequence: after } = this.journal;
    const following = this.store.follow({ sessionId, after, signal: AbortSignal.any([signal, over]) });
    for await (const _event of following) return;
  }
}
