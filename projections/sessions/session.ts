import type { SessionStatus, Usage } from '#domain';

/** A session as the REST API shows it. Times are unix seconds with fraction. */
export interface SessionView {
  id: string;
  name: string;
  state: SessionStatus;
  created_by: string;
  created_at: number;
  last_activity_at: number;
  closed_at: number | null;
  parent_session_id: string | null;
  remixed_from: { session_id: string; version: number } | null;
  metadata: Record<string, unknown>;
  model: string;
  timeout_seconds: number;
  /** When an idle session closes by itself. */
  auto_close_at: number | null;
  container_id: string | null;
  /** Where its computer is, with its files; null before that was started. */
  node: string | null;
  message_count: number;
  /** Tokens that this session spent; what a remix copied was spent by its source. */
  usage: Usage;
  error: string | null;
  /** What the latest snapshot of the files does not hold, and why. */
  files_not_kept: string | null;
  /** Closed, and what was installed in its computer is not kept yet. */
  keeping: boolean;
  /** The computer has a screen. */
  desktop: boolean;
  /** Who uses the desktop instead of Host. */
  controlled_by: string | null;
  version: number;
}

export interface SessionRow {
  id: string;
  state: SessionStatus;
  name: string;
  version: number;
  created_by: string;
  created_at: number;
  last_activity_at: number;
  closed_at: number | null;
  parent_session_id: string | null;
  parent_version: number | null;
  model: string;
  timeout_seconds: number;
  container_id: string | null;
  node: string | null;
  message_count: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
  error: string | null;
  files_not_kept: string | null;
  keeping: 0 | 1;
  desktop: 0 | 1;
  controlled_by: string | null;
  metadata: string;
}

/** What a row of `sessions` shows. */
export const COLUMNS = `id, state, name, version, created_by, created_at, last_activity_at, closed_at, parent_session_id,
  parent_version, model, timeout_seconds, container_id, node, message_count, input_tokens, output_tokens,
  cache_read_input_tokens, cache_creation_input_tokens, error, files_not_kept, keeping, desktop, controlled_by, metadata`;

export function viewOf(row: SessionRow): SessionView {
  const expires = row.state === 'idle' && row.timeout_seconds > 0 && row.controlled_by === null;
  const { parent_session_id, parent_version } = row;
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    created_by: row.created_by,
    created_at: row.created_at,
    last_activity_at: row.last_activity_at,
    closed_at: row.state === 'closed' ? row.closed_at : null,
    parent_session_id,
    remixed_from:
      parent_session_id === null || parent_version === null
        ? null
        : { session_id: parent_session_id, version: parent_version },
    metadata: JSON.parse(row.metadata) as Record<string, unknown>,
    model: row.model,
    timeout_seconds: row.timeout_seconds,
    auto_close_at: expires ? row.last_activity_at + row.timeout_seconds : null,
    container_id: row.container_id,
    node: row.node,
    message_count: row.message_count,
    usage: {
      input_tokens: row.input_tokens,
      output_tokens: row.output_tokens,
      cache_read_input_tokens: row.cache_read_input_tokens,
      cache_creation_input_tokens: row.cache_creation_input_tokens,
    },
    error: row.error,
    files_not_kept: row.files_not_kept,
    keeping: row.keeping === 1,
    desktop: row.desktop === 1,
    controlled_by: row.controlled_by,
    version: row.version,
  };
}
