import { createHash } from 'node:crypto';
import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';
import type { Projection } from './projection.js';

/** How far the views are, and of which log. Sequence 0 with empty ids: nothing was applied yet. */
export interface Checkpoint {
  sequence: number;
  eventId: string;
  /** Session of that event; tells an erased event from one that the log lost. */
  sessionId: string;
  /** Creation time of the log's stream. */
  logCreated: string;
}

const SCHEMA = `
  CREATE TABLE checkpoint (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    sequence    INTEGER NOT NULL,
    event_id    TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    log_created TEXT NOT NULL,
    fingerprint TEXT NOT NULL
  )`;

/** Changes whenever a view's tables or rows would come out differently. */
export function fingerprintOf(projections: readonly Projection[], skip: ReadonlySet<number>): string {
  const parts = projections.map(({ name, version, schema }) => [name, version, schema]);
  const skipped = [...skip].sort((a, b) => a - b);
  return createHash('sha256')
    .update(JSON.stringify([parts, skipped]))
    .digest('hex');
}

export function createCheckpoint(db: Database, fingerprint: string, logCreated: string): void {
  db.exec(SCHEMA);
  db.prepare(`INSERT INTO checkpoint VALUES (1, 0, '', '', ?, ?)`).run(logCreated, fingerprint);
}

/** Undefined when the file has none, or was written by other projections. */
export function readCheckpoint(db: Database, fingerprint: string): Checkpoint | undefined {
  const table = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'checkpoint'`).get();
  if (table === undefined) return undefined;
  return db
    .prepare<[string], Checkpoint>(
      `SELECT sequence, event_id AS eventId, session_id AS sessionId, log_created AS logCreated
       FROM checkpoint WHERE id = 1 AND fingerprint = ?`,
    )
    .get(fingerprint);
}

/**
 * Prepares the step from one checkpoint to the next; it belongs into the transaction of the events.
 * @throws Error when the file is not where this writer left it: another process writes to it
 */
export function prepareAdvance(db: Database): (from: Checkpoint, to: RecordedEvent) => Checkpoint {
  const update = db.prepare(
    'UPDATE checkpoint SET sequence = ?, event_id = ?, session_id = ? WHERE id = 1 AND sequence = ?',
  );
  return (from, { sequence, event }) => {
    if (update.run(sequence, event.id, event.subject, from.sequence).changes === 1) {
      return { ...from, sequence, eventId: event.id, sessionId: event.subject };
    }
    throw new Error(
      `${db.name} has moved on from sequence ${from.sequence}: another process writes to it. ` +
        'Give each process a folder of views of its own.',
    );
  };
}
