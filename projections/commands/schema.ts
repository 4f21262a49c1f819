/** Outcomes of the commands that came with an idempotency key. `at`: when the log stored the event, unix seconds. */
export const schema = `
  CREATE TABLE commands (
    command_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    hash       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    event_id   TEXT NOT NULL,
    at         REAL NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX commands_by_session ON commands (session_id);
  CREATE INDEX commands_by_age ON commands (at);
`;
