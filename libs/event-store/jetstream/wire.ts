import { createHash } from 'node:crypto';
import { isEventType, upcast, wrongField, type EventEnvelope } from '#domain';
import type { RecordedEvent } from '../event-store.js';
import type { OutgoingMessage } from './publisher.js';
import { sessionOf, unreadable, type Unread } from './unreadable.js';

/** Event data larger than this, as JSON in bytes, is kept apart. */
export const LARGEST_INLINE_DATA = 64 * 1024;

export const TYPE_HEADER = 'Raworc-Type';
const SCHEMA_HEADER = 'Raworc-Schema';

/** An event as it is published. */
export interface WireMessage extends OutgoingMessage {
  id: string;
}

/** Large data with the name that it is kept under. */
export interface Blob {
  name: string;
  bytes: Uint8Array;
}

/** A message of the stream before it is parsed. */
export interface RawMessage {
  sequence: number;
  /** Unix seconds with fraction. */
  storedAt: number;
  /** Ends with the session's id. */
  subject: string;
  data: Uint8Array;
}

/** What stands in for the data: the claim check of CloudEvents. */
interface Claim {
  dataref: string;
  /** Bytes of the data's JSON. */
  datasize: number;
  /** `sha256:<hex>` of the data's JSON. */
  datahash: string;
}

export type ClaimedEnvelope = Omit<EventEnvelope, 'data'> & Claim;

/** A recorded event whose data is still to be fetched. */
export interface ClaimedEvent extends Omit<RecordedEvent, 'event'> {
  event: ClaimedEnvelope;
}

/** @param bucket the object store's name, for references to large data */
export function encode(event: EventEnvelope, bucket: string): { message: WireMessage; blob?: Blob } {
  const payload = Buffer.from(JSON.stringify(event));
  if (payload.length <= LARGEST_INLINE_DATA) return { message: messageOf(event, payload) };

  const bytes = Buffer.from(JSON.stringify(event.data));
  if (bytes.length <= LARGEST_INLINE_DATA) return { message: messageOf(event, payload) };

  const hash = sha256(bytes);
  const blob = { name: `${event.subject}.${hash}`, bytes };
  const claim: Claim = {
    dataref: `${bucket}/${blob.name}`,
    datasize: bytes.length,
    datahash: `sha256:${hash}`,
  };
  const claimed = { ...event, data: undefined, ...claim };
  return { message: messageOf(event, Buffer.from(JSON.stringify(claimed))), blob };
}

/** Type and version are headers, too, for readers that filter without parsing. */
function messageOf({ id, type, schemaversion }: EventEnvelope, payload: Uint8Array): WireMessage {
  const headers = [
    ['Nats-Msg-Id', id],
    [TYPE_HEADER, type],
    [SCHEMA_HEADER, String(schemaversion)],
  ] as const;
  return { id, what: `event ${id} (${type})`, headers, payload };
}

/**
 * The event of a message. What cannot be read comes as `event.unreadable`: it hurts its own session only, and whoever
 * follows the log goes on.
 */
export function decode(message: RawMessage): RecordedEvent | ClaimedEvent {
  const { sequence, storedAt } = message;
  const wire = parse(message);
  if ('problem' in wire) return unreadable(message, wire);
  if ('dataref' in wire) return { sequence, storedAt, event: wire };
  return finished(message, wire);
}

export function isClaimed(recorded: RecordedEvent | ClaimedEvent): recorded is ClaimedEvent {
  return 'dataref' in recorded.event;
}

/** Puts fetched data into its place, after proof that it is what the writer kept. */
export function redeem(message: RawMessage, { event }: ClaimedEvent, bytes: Uint8Array): RecordedEvent {
  const { dataref, datasize, datahash, ...envelope } = event;
  if (`sha256:${sha256(bytes)}` !== datahash || bytes.length !== datasize) {
    const what = `its data, ${dataref}, is not what was written (its hash is not ${datahash})`;
    return unreadable(message, { problem: 'data_damaged', what, envelope: event });
  }
  const data: unknown = JSON.parse(Buffer.from(bytes).toString());
  return finished(message, { ...envelope, data } as EventEnvelope);
}

/** The object that a reference to large data names. */
export function blobName({ event: { dataref } }: ClaimedEvent): string {
  return dataref.slice(dataref.indexOf('/') + 1);
}

/** The event id of a message, whatever else it holds. */
export function idOf(data: Uint8Array): string | undefined {
  try {
    return (JSON.parse(text(data)) as { id?: string }).id;
  } catch {
    return undefined;
  }
}

function parse(message: RawMessage): EventEnvelope | ClaimedEnvelope | Unread {
  let value: unknown;
  try {
    value = JSON.parse(text(message.data));
  } catch {
    return { problem: 'not_json', what: 'it is not JSON' };
  }
  if (!isEnvelope(value)) return { problem: 'not_an_event', what: 'it is not an event of a session' };
  const envelope = value;
  if (envelope.subject !== sessionOf(message)) {
    const what = `it says that it is of session ${String(envelope.subject).slice(0, 64)}`;
    return { problem: 'wrong_session', what, envelope };
  }
  if (!isEventType(envelope.type) || envelope.type === 'event.unreadable') {
    const what = `its type, ${String(envelope.type).slice(0, 64)}, is not known to this Raworc`;
    return { problem: 'unknown_type', what, envelope };
  }
  if ('dataref' in envelope && !isOwnReference(envelope)) {
    return { problem: 'wrong_data', what: 'its reference to large data is not one of its session', envelope };
  }
  return envelope;
}

function isOwnReference({ subject, dataref, datahash }: ClaimedEnvelope): boolean {
  if (typeof dataref !== 'string' || typeof datahash !== 'string') return false;
  const [, name = ''] = dataref.split('/');
  return name.startsWith(`${subject}.`) && /^[0-9a-f]{64}$/.test(name.slice(subject.length + 1));
}

function isEnvelope(value: unknown): value is EventEnvelope | ClaimedEnvelope {
  if (typeof value !== 'object' || value === null) return false;
  const { id, type, subject, time, sessionversion, schemaversion, actor, commandid } = value as EventEnvelope;
  return (
    [id, type, subject, actor, commandid].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(sessionversion) &&
    Number.isSafeInteger(schemaversion) &&
    !Number.isNaN(Date.parse(time))
  );
}

/** Lifted to today's schema, with data that can be used. */
function finished(message: RawMessage, envelope: EventEnvelope): RecordedEvent {
  const { sequence, storedAt } = message;
  let event: EventEnvelope;
  try {
    event = upcast(envelope);
  } catch (error) {
    return unreadable(message, { problem: 'newer_schema', what: problemOf(error), envelope });
  }
  const wrong = wrongField(event.type, event.data);
  if (wrong === undefined) return { sequence, storedAt, event };
  const what = `${wrong} of its ${event.type} is missing or of the wrong kind`;
  return unreadable(message, { problem: 'wrong_data', what, envelope });
}

function problemOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

function text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
