/** What this Raworc cannot read, or a view cannot take. `at`: when the log stored it, unix seconds. */
export const schema = `
  CREATE TABLE unreadable_events (
    sequence   INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    type       TEXT,
    problem    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         REAL NOT NULL
  );
  CREATE INDEX unreadable_by_session ON unreadable_events (session_id);
`;
