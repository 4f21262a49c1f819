import type { Database } from 'better-sqlite3';

/** Every event counts; most are activity too. What keeps files or ends a session is not. */
const COUNTED = 'version = @version';
const ACTIVE = `${COUNTED}, last_activity_at = @at`;
/** While the root filesystem of a computer that was ever started is still to be kept. */
const CLOSED = `state = 'closed', closed_at = @at, controlled_by = NULL,
  keeping = iif(installs AND node IS NOT NULL, 1, 0)`;
const TURN_ENDED = `state = CASE WHEN turn_id IS NOT NULL AND state = 'busy' THEN 'idle' ELSE state END, turn_id = NULL`;

/** The steps of a session's row; the states follow the domain's evolve. */
export function prepareStatements(db: Database) {
  const update = (set: string) =>
    db.prepare<[Record<string, unknown>]>(`UPDATE sessions SET ${set} WHERE id = @id`);
  return {
    create: db.prepare<[Record<string, unknown>]>(`
      INSERT OR REPLACE INTO sessions (id, lifecycle, state, name, version, created_by, created_at, last_activity_at,
        parent_session_id, parent_version, model, timeout_seconds, installs, desktop, metadata)
      VALUES (@id, @lifecycle, 'init', @name, @version, @created_by, @at, @at,
        @parent_session_id, @parent_version, @model, @timeout_seconds, @installs, @desktop, @metadata)`),
    remixed: update(`${ACTIVE}, lifecycle = 'live', state = 'init', turn_id = NULL`),
    computerStarted: update(`${ACTIVE}, state = CASE WHEN turn_id IS NULL THEN 'idle' ELSE 'busy' END,
      error = NULL, container_id = @container_id, node = @node`),
    computerFailed: update(`${COUNTED}, error = @error`),
    computerGivenUp: update(`${COUNTED}, ${CLOSED}, turn_id = NULL, error = @error`),
    disrupted: update(`${COUNTED}, controlled_by = iif(@running, controlled_by, NULL)`),
    controlled: update(`${ACTIVE}, controlled_by = @by`),
    counted: update(COUNTED),
    filesKept: update(`${COUNTED}, files_not_kept = @files_not_kept`),
    active: update(ACTIVE),
    messagePosted: update(`${ACTIVE}, message_count = message_count + 1`),
    turnStarted: update(
      `${ACTIVE}, turn_id = @turn_id, state = CASE lifecycle WHEN 'copying' THEN state ELSE 'busy' END`,
    ),
    /** What a copied response cost was spent by the source. */
    modelResponded: update(`${ACTIVE}, message_count = message_count + @messages,
      input_tokens = input_tokens + iif(lifecycle = 'copying', 0, @input_tokens),
      output_tokens = output_tokens + iif(lifecycle = 'copying', 0, @output_tokens),
      cache_read_input_tokens = cache_read_input_tokens + iif(lifecycle = 'copying', 0, @cache_read_input_tokens),
      cache_creation_input_tokens = cache_creation_input_tokens
        + iif(lifecycle = 'copying', 0, @cache_creation_input_tokens)`),
    turnEnded: update(`${ACTIVE}, ${TURN_ENDED}`),
    turnFailed: update(`${ACTIVE}, ${TURN_ENDED}, message_count = message_count + 1`),
    cleared: update(`${ACTIVE}, message_count = 0`),
    closed: update(`${COUNTED}, ${CLOSED}`),
    rootFilesystemKept: update(`${COUNTED}, keeping = 0`),
    restored: update(`${ACTIVE}, state = 'init', error = NULL, closed_at = NULL, keeping = 0`),
    updated: update(`${ACTIVE}, name = coalesce(@name, name), metadata = coalesce(@metadata, metadata),
      timeout_seconds = coalesce(@timeout_seconds, timeout_seconds)`),
    forced: update(`${ACTIVE}, state = @state, error = NULL, controlled_by = NULL, keeping = 0,
      closed_at = iif(@state = 'closed', @at, NULL)`),
    deleted: update(`${COUNTED}, lifecycle = 'deleted', message_count = 0, controlled_by = NULL`),
    unreadable: update('version = version + 1, error = coalesce(error, @error)'),
    forgetMetadata: db.prepare<[string]>('DELETE FROM session_metadata WHERE session_id = ?'),
    addMetadata: db.prepare<[string, string, string]>(`
      INSERT OR IGNORE INTO session_metadata SELECT ?, ?, created_at, id FROM sessions WHERE id = ?`),
    erase: db.prepare<[Record<string, unknown>]>('DELETE FROM sessions WHERE id = @id'),
  };
}
