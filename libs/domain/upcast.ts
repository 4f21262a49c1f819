import { SCHEMA_VERSION, type EventEnvelope } from './envelope.js';

/** One step from schema version n to n + 1. */
type Upcaster = (envelope: EventEnvelope) => EventEnvelope;

/** `upcasters[n]` lifts an envelope of schema version n. Version 1 is the first, so there is none yet. */
const upcasters: Record<number, Upcaster> = {};

/**
 * Lifts an envelope read from the log to today's schema.
 * @throws RangeError when it was written by a newer Raworc
 */
export function upcast(envelope: EventEnvelope): EventEnvelope {
  if (envelope.schemaversion > SCHEMA_VERSION) {
    throw new RangeError(
      `Event ${envelope.id} has schema version ${envelope.schemaversion}, this Raworc knows ${SCHEMA_VERSION}: upgrade it.`,
    );
  }
  let current = envelope;
  for (let version = envelope.schemaversion; version < SCHEMA_VERSION; version++) {
    const lift = upcasters[version];
    if (lift === undefined)
      throw new RangeError(`No upcaster from schema version ${version} (event ${envelope.id}).`);
    current = { ...lift(current), schemaversion: version + 1 };
  }
  return current;
}
