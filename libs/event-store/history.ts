import { LogError, type RecordedEvent } from './event-store.js';

/**
 * Proves that a session's events, read from its beginning, are whole: versions 1…n, or n… after an erasure. An event
 * that cannot be read takes one version, whatever it says itself.
 * @throws LogError `log_corrupt`
 */
export function verifyHistory(sessionId: string, events: readonly RecordedEvent[], fromStart: boolean): void {
  const first = events[0]?.event;
  if (first === undefined) return;
  let expected = fromStart && first.type !== 'session.erased' ? 1 : firstVersion(events);
  for (const { event, sequence } of events) {
    if (event.type !== 'event.unreadable' && event.sessionversion !== expected) {
      throw new LogError(
        'log_corrupt',
        `Session ${sessionId} has version ${event.sessionversion} at sequence ${sequence} where version ${expected} ` +
          'belongs: the log lost events or was tampered with. Restore it from a backup.',
      );
    }
    expected++;
  }
}

function firstVersion(events: readonly RecordedEvent[]): number {
  const readable = events.findIndex(({ event }) => event.type !== 'event.unreadable');
  return (events[readable]?.event.sessionversion ?? 0) - Math.max(0, readable);
}
