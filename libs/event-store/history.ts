import { LogError, type RecordedEvent } from './event-store.js';

/**
 * Proves that a session's events, read from its beginning, are whole: versions 1…n, or n… after an erasure. An event
 * that cannot be read takes one version, whatever it says itself.
 * @throws LogError `log_corrupt`
 */
export function verifyHistory(sessionId: string, events: readonly RecordedEvent[], fromStart: boolean): void {
  const check = new HistoryCheck(sessionId, fromStart);
  for (const recorded of events) check.see(recorded);
}

/** The same, event by event. */
export class HistoryCheck {
  /** Unknown until the first event that tells its version. */
  private expected: number | undefined;
  private began = false;

  constructor(
    private readonly sessionId: string,
    private readonly fromStart: boolean,
  ) {}

  /** @throws LogError `log_corrupt` */
  see({ event, sequence }: RecordedEvent): void {
    if (!this.began && this.fromStart && event.type !== 'session.erased') this.expected = 1;
    this.began = true;
    if (event.type !== 'event.unreadable') {
      this.expected ??= event.sessionversion;
      if (event.sessionversion !== this.expected) throw this.corrupt(event.sessionversion, sequence);
    }
    if (this.expected !== undefined) this.expected += 1;
  }

  private corrupt(version: number, sequence: number): LogError {
    return new LogError(
      'log_corrupt',
      `Session ${this.sessionId} has version ${version} at sequence ${sequence} where version ${this.expected} ` +
        'belongs: the log lost events or was tampered with. Restore it from a backup.',
    );
  }
}
