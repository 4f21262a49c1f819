import type { RecordedEvent } from '#event-store';
import type { Projection } from '#projections/runner';
import type { Database } from 'better-sqlite3';
import { schema } from './schema.js';

const HOUR = 3_600;
const KEPT = 7 * 24 * HOUR;

/** One row for each command with an idempotency key, for seven days: its outcome, should it be sent again. */
export const projection: Projection = {
  name: 'commands',
  version: 1,
  schema,
  module: import.meta.url,
  prepare: (db) => prepare(db),
};

function prepare(db: Database) {
  // Of a command with several events the last one is the outcome.
  const record = db.prepare('INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?, ?, ?)');
  const forget = db.prepare('DELETE FROM commands WHERE session_id = ?');
  const prune = db.prepare('DELETE FROM commands WHERE at < ?');
  let pruned = 0;

  return ({ event, sequence, storedAt }: RecordedEvent): void => {
    // By the log's own time and once an hour of it, so that a rebuild keeps the same rows.
    const hour = Math.floor(storedAt / HOUR);
    if (hour !== pruned) {
      prune.run(hour * HOUR - KEPT);
      pruned = hour;
    }
    if (event.type === 'session.erased') forget.run(event.subject);
    if (event.commandhash === undefined) return;
    const { commandid, subject, commandhash, sessionversion, id } = event;
    record.run(commandid, subject, commandhash, sessionversion, sequence, id, storedAt);
  };
}
