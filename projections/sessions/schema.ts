/**
 * `lifecycle`: a copying remix and a deleted session have a row that no query shows; an erased one has none.
 * `turn_id`: the running turn. `installs`: programs of root may change the computer's root filesystem. Metadata comes
 * last, since it may be large.
 * `session_metadata`: the pairs that lists are filtered by, in the order of lists; see metadata-index.ts.
 */
export const schema = `
  CREATE TABLE sessions (
    id                          TEXT PRIMARY KEY,
    lifecycle                   TEXT NOT NULL,
    state                       TEXT NOT NULL,
    name                        TEXT NOT NULL,
    version                     INTEGER NOT NULL,
    created_by                  TEXT NOT NULL,
    created_at                  REAL NOT NULL,
    last_activity_at            REAL NOT NULL,
    closed_at                   REAL,
    parent_session_id           TEXT,
    parent_version              INTEGER,
    model                       TEXT NOT NULL,
    timeout_seconds             INTEGER NOT NULL,
    turn_id                     TEXT,
    container_id                TEXT,
    node                        TEXT,
    message_count               INTEGER NOT NULL DEFAULT 0,
    input_tokens                INTEGER NOT NULL DEFAULT 0,
    output_tokens               INTEGER NOT NULL DEFAULT 0,
    cache_read_input_tokens     INTEGER NOT NULL DEFAULT 0,
    cache_creation_input_tokens INTEGER NOT NULL DEFAULT 0,
    error                       TEXT,
    files_not_kept              TEXT,
    installs                    INTEGER NOT NULL,
    keeping                     INTEGER NOT NULL DEFAULT 0,
    desktop                     INTEGER NOT NULL DEFAULT 0,
    controlled_by               TEXT,
    metadata                    TEXT NOT NULL
  );
  CREATE INDEX sessions_newest ON sessions (created_at DESC, id DESC) WHERE lifecycle = 'live';
  CREATE INDEX sessions_by_state ON sessions (state, created_at DESC, id DESC) WHERE lifecycle = 'live';
  CREATE INDEX sessions_by_name ON sessions (name) WHERE lifecycle = 'live';
  CREATE INDEX sessions_by_parent ON sessions (parent_session_id, created_at DESC, id DESC)
    WHERE lifecycle = 'live' AND parent_session_id IS NOT NULL;
  CREATE INDEX sessions_expiring ON sessions (last_activity_at + timeout_seconds)
    WHERE lifecycle = 'live' AND state = 'idle' AND timeout_seconds > 0;
  CREATE INDEX sessions_copying ON sessions (created_at) WHERE lifecycle = 'copying';
  CREATE TABLE session_metadata (
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_at REAL NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (key, value, created_at, session_id)
  ) WITHOUT ROWID;
  CREATE INDEX session_metadata_by_session ON session_metadata (session_id);
`;
