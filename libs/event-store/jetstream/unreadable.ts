import { SCHEMA_VERSION, type EventEnvelope, type UnreadableProblem } from '#domain';
import type { RecordedEvent } from '../event-store.js';
import type { ClaimedEnvelope, RawMessage } from './wire.js';

/** Why a message is no event for this Raworc, and as much of its envelope as there is. */
export interface Unread {
  problem: UnreadableProblem;
  what: string;
  envelope?: EventEnvelope | ClaimedEnvelope;
}

export function sessionOf({ subject }: RawMessage): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}

/** Stands in for a message: of the session whose subject it came on, whatever it says itself. */
export function unreadable(message: RawMessage, { problem, what, envelope }: Unread): RecordedEvent {
  const reason = `the event at sequence ${message.sequence} cannot be read: ${what}`;
  const type = typeof envelope?.type === 'string' ? String(envelope.type).slice(0, 64) : null;
  return placeholder(message, { type, problem, reason }, envelope?.id);
}

/** Stands in for a message that the service was told to pass over, whatever it is. */
export function skipped(message: RawMessage): RecordedEvent {
  const reason = `the event at sequence ${message.sequence} is passed over, as RAWORC_SKIP_EVENTS says`;
  return placeholder(message, { type: null, problem: 'skipped', reason, skipped: true });
}

function placeholder(
  message: RawMessage,
  data: EventEnvelope<'event.unreadable'>['data'],
  id = `unreadable-${message.sequence}`,
): RecordedEvent {
  const { sequence, storedAt } = message;
  const event: EventEnvelope<'event.unreadable'> = {
    specversion: '1.0',
    id,
    source: '/raworc',
    subject: sessionOf(message),
    time: new Date(storedAt * 1000).toISOString(),
    datacontenttype: 'application/json',
    sessionversion: 0,
    schemaversion: SCHEMA_VERSION,
    actor: 'unknown',
    commandid: id,
    correlationid: id,
    type: 'event.unreadable',
    data,
  };
  return { sequence, storedAt, event };
}
