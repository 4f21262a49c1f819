import { createHash } from 'node:crypto';
import { upcast, type EventEnvelope } from '#domain';
import { LogError, type RecordedEvent } from '../event-store.js';
import type { OutgoingMessage } from './publisher.js';

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

type ClaimedEnvelope = Omit<EventEnvelope, 'data'> & Claim;

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

/** @throws LogError `log_corrupt` when the message is no event that this Raworc can read */
export function decode({ sequence, storedAt, data }: RawMessage): RecordedEvent | ClaimedEvent {
  const wire = parse(data, sequence);
  if ('dataref' in wire) return { sequence, storedAt, event: wire };
  return { sequence, storedAt, event: lift(wire, sequence) };
}

export function isClaimed(recorded: RecordedEvent | ClaimedEvent): recorded is ClaimedEvent {
  return 'dataref' in recorded.event;
}

/** Puts fetched data into its place, after proof that it is what the writer kept. */
export function redeem({ sequence, storedAt, event }: ClaimedEvent, bytes: Uint8Array): RecordedEvent {
  const { dataref, datasize, datahash, ...envelope } = event;
  if (`sha256:${sha256(bytes)}` !== datahash || bytes.length !== datasize) {
    throw corrupt(sequence, `its data, ${dataref}, is not what was written (its hash is not ${datahash})`);
  }
  const data: unknown = JSON.parse(Buffer.from(bytes).toString());
  const whole = { ...envelope, data } as EventEnvelope;
  return { sequence, storedAt, event: lift(whole, sequence) };
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

export function corrupt(sequence: number, problem: string, options?: ErrorOptions): LogError {
  return new LogError(
    'log_corrupt',
    `The event at sequence ${sequence} cannot be read: ${problem}.`,
    options,
  );
}

function parse(data: Uint8Array, sequence: number): EventEnvelope | ClaimedEnvelope {
  let value: unknown;
  try {
    value = JSON.parse(text(data));
  } catch (error) {
    throw corrupt(sequence, 'it is not JSON', { cause: error });
  }
  if (isEnvelope(value)) return value;
  throw corrupt(sequence, 'it is not an event of a session');
}

function isEnvelope(value: unknown): value is EventEnvelope | ClaimedEnvelope {
  return typeof value === 'object' && value !== null && 'sessionversion' in value && 'type' in value;
}

function lift(envelope: EventEnvelope, sequence: number): EventEnvelope {
  try {
    return upcast(envelope);
  } catch (error) {
    throw new LogError('log_incompatible', `Sequence ${sequence}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function text(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
