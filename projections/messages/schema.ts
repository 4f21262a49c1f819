/**
 * `position` is the session's version at the message: the order within the session.
 * Ids are unique over all sessions, but the view does not depend on it.
 */
export const schema = `
  CREATE TABLE messages (
    session_id TEXT NOT NULL,
    position   INTEGER NOT NULL,
    id         TEXT NOT NULL,
    role       TEXT NOT NULL,
    status     TEXT NOT NULL,
    turn_id    TEXT,
    created_at REAL NOT NULL,
    metadata   TEXT NOT NULL,
    content    TEXT NOT NULL,
    UNIQUE (session_id, position)
  );
  CREATE INDEX messages_by_id ON messages (id);
  CREATE INDEX messages_processing ON messages (session_id) WHERE status = 'processing';
  CREATE INDEX messages_of_turn ON messages (turn_id) WHERE role <> 'user';
`;
