import type { EventOf, EventType } from './events.js';

/** Version of the event schema that this code writes; older ones are upcast on read. */
export const SCHEMA_VERSION = 1;

/** Who caused an event, and by which command. */
export interface Provenance {
  /** `user:<name>`, `operator`, `host`. */
  actor: string;
  commandid: string;
  correlationid: string;
  /** The event this one follows from; in a remix the source's event. */
  causationid?: string;
  /** Digest of the request body behind an Idempotency-Key; the same key with another digest is refused. */
  commandhash?: string;
}

/** An event on the log: a CloudEvents 1.0 JSON object in structured mode. */
export type EventEnvelope<T extends EventType = EventType> = Provenance & {
  specversion: '1.0';
  /** UUIDv7, unique over all sessions. */
  id: string;
  source: string;
  /** The session's id. */
  subject: string;
  /** RFC 3339, when the command was decided. */
  time: string;
  datacontenttype: 'application/json';
  /** 1…n within the session, without gaps. */
  sessionversion: number;
  schemaversion: number;
} & EventOf<T>;

export type NewEnvelopeFields = Provenance & { id: string; time: string; source: string };

/** Seals a decided event into the envelope that the log keeps. */
export function envelop(
  sessionId: string,
  version: number,
  event: EventOf<EventType>,
  fields: NewEnvelopeFields,
): EventEnvelope {
  return {
    specversion: '1.0',
    ...fields,
    subject: sessionId,
    datacontenttype: 'application/json',
    sessionversion: version,
    schemaversion: SCHEMA_VERSION,
    ...event,
  };
}
