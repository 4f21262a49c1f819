import type { SessionStatus } from '#domain';
import { decodeCursor } from './cursor.js';
import { indexedPair } from './metadata-index.js';

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
  sql: string;
  params: unknown[];
}

/**
 * How a list is found, in two parts so that its cost can be bounded: candidates, which one index gives in the order of
 * the list, and what else must hold for each of them. The text of both depends on which conditions are given, never on
 * their values.
 */
export interface ListPlan {
  from: 'sessions' | 'session_metadata';
  /** On the columns of `from`, without the cursor. */
  candidates: Conditions;
  /** On the columns of `sessions`; undefined when the candidates are the list. */
  rest: Conditions | undefined;
}

type Part = [sql: string, ...params: unknown[]];

/** The plus keeps the planner from choosing another index than that of the candidates. */
const LIVE: Part = [`+lifecycle = 'live'`];
const HAS_PAIR = `EXISTS (SELECT 1 FROM session_metadata AS pair WHERE pair.key = ? AND pair.value = ?
  AND pair.created_at = sessions.created_at AND pair.session_id = sessions.id)`;

/** @param countMatches how many sessions have a pair in their metadata, as far as that matters */
export function planList(
  filter: SessionFilter,
  countMatches: (pair: { key: string; value: string }) => number,
): ListPlan {
  const pairs = Object.entries(filter.metadata ?? {}).map(([key, value]) => indexedPair(key, value));
  const times = timesOf(filter);
  const [first, ...others] = columnsOf(filter);
  if (pairs.length === 0) {
    const candidates = join([[`lifecycle = 'live'`], ...(first === undefined ? [] : [first]), ...times]);
    return {
      from: 'sessions',
      candidates,
      rest: others.length === 0 ? undefined : join(others.map(unindexed)),
    };
  }
  const rarest =
    pairs.length === 1 ? pairs[0] : pairs.toSorted((a, b) => countMatches(a) - countMatches(b))[0];
  const checked = pairs.filter((pair) => pair !== rarest);
  const having = checked.map(({ key, value }): Part => [HAS_PAIR, key, value]);
  const columns = columnsOf(filter).map(unindexed);
  return {
    from: 'session_metadata',
    candidates: join([['key = ? AND value = ?', rarest?.key, rarest?.value], ...times]),
    rest: join([LIVE, ...columns, ...having]),
  };
}

/**
 * The place in the list behind which candidates begin.
 * @throws InvalidCursorError
 */
export function behind(after: string | undefined, idColumn: string): Conditions {
  if (after === undefined) return { sql: '', params: [] };
  return { sql: `AND (created_at, ${idColumn}) < (?, ?)`, params: decodeCursor(after) };
}

/** The most selective first. */
function columnsOf({ name, parent, state }: SessionFilter): Part[] {
  const parts: Part[] = [];
  if (name !== undefined) parts.push(['name = ?', name]);
  if (parent !== undefined) parts.push(['parent_session_id = ?', parent]);
  if (state !== undefined) parts.push(['state = ?', state]);
  return parts;
}

function timesOf({ createdBefore, createdAfter }: SessionFilter): Part[] {
  const parts: Part[] = [];
  if (createdBefore !== undefined) parts.push(['created_at < ?', createdBefore]);
  if (createdAfter !== undefined) parts.push(['created_at > ?', createdAfter]);
  return parts;
}

function unindexed([sql, ...params]: Part): Part {
  return [`+${sql}`, ...params];
}

function join(parts: readonly Part[]): Conditions {
  return { sql: parts.map(([sql]) => sql).join(' AND '), params: parts.flatMap(([, ...params]) => params) };
}
