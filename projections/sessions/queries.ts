import type { SessionStatus } from '#domain';
import type { Query, ViewReader } from '#projections/runner';
import { encodeCursor } from './cursor.js';
import type { SessionFilter } from './list-sql.js';
import { ListSteps } from './list-steps.js';
import { COLUMNS, viewOf, type SessionRow, type SessionView } from './session.js';

export interface SessionPage {
  sessions: SessionView[];
  /** Cursor of the next page; undefined on the last. */
  next?: string;
}

export type Resolution =
  | { found: SessionView }
  | { none: true }
  /** Sessions that the reference could mean, at most ten. */
  | { ambiguous: SessionView[] };

/** A session that is neither closed nor deleted. */
export interface LiveSession {
  id: string;
  state: Exclude<SessionStatus, 'closed'>;
  /** Where its computer is; null before that was started. */
  node: string | null;
}

/** An idle session that will close by itself. */
export interface IdleSession {
  id: string;
  /** The version that was idle; closing must be guarded by it. */
  version: number;
  auto_close_at: number;
}

const MIN_PREFIX = 6;
const MAX_CANDIDATES = 10;

const NEWEST_FIRST = 'ORDER BY created_at DESC, id DESC';

/** Questions about sessions. Deleted sessions and unfinished remixes do not exist here. */
export class SessionQueries {
  private readonly one: Query<[string], SessionRow>;
  private readonly named: Query<[string, number], SessionRow>;
  private readonly prefixed: Query<[string, string, number], SessionRow>;
  private readonly allLive: Query<[], LiveSession>;
  private readonly expiring: Query<[number], IdleSession>;
  private readonly copying: Query<[number], { id: string }>;

  private readonly remixes: Query<[string], SessionRow>;
  private readonly open: Query<[], { count: number }>;
  private readonly all: Query<[], { count: number }>;
  private readonly inContainer: Query<[], unknown>;
  private readonly lists: ListSteps;

  constructor(reader: ViewReader) {
    this.lists = new ListSteps(reader);
    const select = `SELECT ${COLUMNS} FROM sessions WHERE lifecycle = 'live'`;
    this.one = reader.query(`${select} AND id = ?`);
    this.named = reader.query(`${select} AND name = ? ${NEWEST_FIRST} LIMIT ?`);
    this.prefixed = reader.query(`${select} AND id >= ? AND id < ? ORDER BY id LIMIT ?`);
    this.allLive = reader.query(`
      SELECT id, state, node FROM sessions WHERE lifecycle = 'live' AND state IN ('init', 'idle', 'busy')`);
    const autoCloseAt = 'last_activity_at + timeout_seconds';
    this.expiring = reader.query(`
      SELECT id, version, ${autoCloseAt} AS auto_close_at FROM sessions INDEXED BY sessions_expiring
      WHERE lifecycle = 'live' AND state = 'idle' AND timeout_seconds > 0 AND ${autoCloseAt} <= ?
      ORDER BY ${autoCloseAt}`);
    this.remixes = reader.query(`${select} AND parent_session_id = ? ${NEWEST_FIRST}`);
    const live = `FROM sessions WHERE lifecycle = 'live'`;
    this.open = reader.query(`SELECT count(*) AS count ${live} AND state IN ('init', 'idle', 'busy')`);
    this.all = reader.query(`SELECT count(*) AS count ${live}`);
    this.inContainer = reader.query(`SELECT 1 ${live} AND container_id = 'raworc_session_' || id LIMIT 1`);
    this.copying = reader.query(`SELECT id FROM sessions WHERE lifecycle = 'copying' AND created_at < ?`);
  }

  byId(id: string): SessionView | undefined {
    const row = this.one.get(id);
    return row === undefined ? undefined : viewOf(row);
  }

  /** By id, else by name, else by a prefix of an id with at least six characters. */
  resolve(reference: string): Resolution {
    const byId = this.byId(reference);
    if (byId !== undefined) return { found: byId };
    const named = this.named.all(reference, MAX_CANDIDATES);
    const candidates = named.length > 0 || reference.length < MIN_PREFIX ? named : this.withPrefix(reference);
    const [first, second] = candidates.map(viewOf);
    if (first === undefined) return { none: true };
    return second === undefined ? { found: first } : { ambiguous: candidates.map(viewOf) };
  }

  /**
   * Newest first; all that match, when no limit is given.
   * @throws InvalidCursorError
   */
  async list(
    { limit, ...filter }: SessionFilter & { limit?: number } = {},
    signal?: AbortSignal,
  ): Promise<SessionPage> {
    const sessions: SessionView[] = [];
    for await (const step of this.lists.steps(filter, limit && limit + 1, signal)) {
      sessions.push(...step);
      if (limit !== undefined && sessions.length > limit) break;
    }
    const last = limit === undefined ? undefined : sessions[limit - 1];
    if (limit === undefined || sessions.length <= limit || last === undefined) return { sessions };
    return { sessions: sessions.slice(0, limit), next: encodeCursor(last) };
  }

  /**
   * As `list`, in chunks; between two of them other work goes on and the views may move on.
   * @throws InvalidCursorError
   */
  listChunks(filter: SessionFilter = {}, signal?: AbortSignal): AsyncGenerator<SessionView[]> {
    return this.lists.steps(filter, undefined, signal);
  }

  /** The session's own remixes, newest first. */
  children(id: string): SessionView[] {
    return this.remixes.all(id).map(viewOf);
  }

  /** Sessions that are neither closed nor deleted. */
  countOpen(): number {
    return this.open.get()?.count ?? 0;
  }

  /** Sessions that are not deleted. */
  countAll(): number {
    return this.all.get()?.count ?? 0;
  }

  /** Whether the computer of any session is a container, closed ones included. */
  someInContainer(): boolean {
    return this.inContainer.get() !== undefined;
  }

  /** Idle sessions with a timeout, the next to close first; only those that are due by then, if a time is given. */
  idle(dueBy = Infinity): IdleSession[] {
    return this.expiring.all(dueBy);
  }

  /** All sessions that are not closed, for those who keep their computers. */
  live(): LiveSession[] {
    return this.allLive.all();
  }

  /** Remixes that were begun before a time (unix seconds) and whose copy never ended. */
  unfinishedRemixes(begunBefore: number): string[] {
    return this.copying.all(begunBefore).map(({ id }) => id);
  }

  private withPrefix(prefix: string): SessionRow[] {
    return this.prefixed.all(prefix, `${prefix}\u{10FFFF}`, MAX_CANDIDATES);
  }
}
