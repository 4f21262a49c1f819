import type { RecordedEvent } from '#event-store';
import type { Projection } from '#projections/runner';
import type { Database } from 'better-sqlite3';
import { schema } from './schema.js';

/** One row for each event that stands between its session and further commands. */
export const projection: Projection = {
  name: 'unreadable',
  version: 1,
  schema,
  module: import.meta.url,
  prepare: (db) => prepare(db),
};

function prepare(db: Database) {
  const add = db.prepare('INSERT OR REPLACE INTO unreadable_events VALUES (?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM unreadable_events WHERE session_id = ?');
  return ({ event, sequence, storedAt }: RecordedEvent): void => {
    if (event.type === 'session.deleted' || event.type === 'session.erased')
      return void remove.run(event.subject);
    if (event.type !== 'event.unreadable' || event.data.skipped) return;
    const { type, problem, reason } = event.data;
    add.run(sequence, event.subject, type, problem, reason, storedAt);
  };
}
