import type { SessionStatus } from '#domain';
import { decodeCursor } from './cursor.js';

/** All conditions must hold. */
export interface SessionFilter {
  state?: SessionStatus;
  name?: string;
  /** Id of the session that these were remixed from. */
  parent?: string;
  /** Unix seconds, exclusive. */
  createdBefore?: number;
  createdAfter?: number;
  /** Top-level keys; a value is compared as text, and only with strings, numbers, booleans and null. */
  metadata?: Readonly<Record<string, string>>;
  /** Cursor: what comes after that session in the list. */
  after?: string;
}

export interface Conditions {
  where: string;
  params: unknown[];
}

const METADATA_EQUALS = `EXISTS (
  SELECT 1 FROM json_each(metadata) AS entry WHERE entry.key = ? AND ? = CASE entry.type
    WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE CAST(entry.atom AS TEXT) END)`;

/**
 * The WHERE clause for a filter; its text depends on which conditions are given, never on their values.
 * @throws InvalidCursorError
 */
export function conditions(filter: SessionFilter): Conditions {
  const parts: [sql: string, ...params: unknown[]][] = [[`lifecycle = 'live'`]];
  if (filter.state !== undefined) parts.push(['state = ?', filter.state]);
  if (filter.name !== undefined) parts.push(['name = ?', filter.name]);
  if (filter.parent !== undefined) parts.push(['parent_session_id = ?', filter.parent]);
  if (filter.createdBefore !== undefined) parts.push(['created_at < ?', filter.createdBefore]);
  if (filter.createdAfter !== undefined) parts.push(['created_at > ?', filter.createdAfter]);
  if (filter.after !== undefined) parts.push(['(created_at, id) < (?, ?)', ...decodeCursor(filter.after)]);
  for (const [key, value] of Object.entries(filter.metadata ?? {})) parts.push([METADATA_EQUALS, key, value]);
  return {
    where: parts.map(([sql]) => sql).join(' AND '),
    params: parts.flatMap(([, ...params]) => params),
  };
}
