import type { Projection } from '#projections/runner';

/** Counts the events of each session, and cannot take a `state.forced`. */
export const projection: Projection = {
  name: 'counter',
  version: 1,
  schema: 'CREATE TABLE counts (session_id TEXT PRIMARY KEY, events INTEGER NOT NULL)',
  module: import.meta.url,
  prepare(db) {
    const add = db.prepare('INSERT INTO counts VALUES (?, 1) ON CONFLICT DO UPDATE SET events = events + 1');
    return ({ event: { type, subject } }) => {
      if (type === 'state.forced') throw new Error('cannot take this');
      add.run(subject);
    };
  },
};
