import { setImmediate } from 'node:timers/promises';
import type { ViewReader } from '#projections/runner';
import { encodeCursor } from './cursor.js';
import { behind, planList, type ListPlan, type SessionFilter } from './list-sql.js';
import { COLUMNS, viewOf, type SessionRow, type SessionView } from './session.js';

/** Candidates in the first step; their rows may be large. Later steps take as many as fit into their time. */
const FIRST_STEP = 64;
const LARGEST_STEP = 500;
const STEP_MS = 4;
/** Pairs with more matches than this are equally common. */
const COUNTED_MATCHES = 1_000;

interface Candidate {
  id: string;
  created_at: number;
}

interface Step {
  sessions: SessionView[];
  /** Cursor of the last candidate; undefined when there are no more. */
  after: string | undefined;
}

/**
 * The list for a filter, newest first, in steps that take a few milliseconds each, however many sessions there are and
 * however few match. Other work goes on between them, and the views may move on.
 */
export class ListSteps {
  /** Lists take turns too: however many there are, the event loop gets a step of one of them at a time. */
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly reader: ViewReader) {}

  /**
   * @param atMost no more than these are needed
   * @param signal ends the list early: nobody waits for it any more
   * @throws InvalidCursorError
   */
  async *steps(
    filter: SessionFilter,
    atMost = Infinity,
    signal?: AbortSignal,
  ): AsyncGenerator<SessionView[]> {
    const plan = planList(filter, (pair) => this.countMatches(pair));
    let { after } = filter;
    let size = Math.min(FIRST_STEP, atMost);
    for (;;) {
      const began = performance.now();
      const step = this.step(plan, after, size);
      size = paced(size, performance.now() - began);
      if (step.sessions.length > 0) yield step.sessions;
      ({ after } = step);
      if (after === undefined) return;
      await this.nextTurn();
      if (signal?.aborted) return;
    }
  }

  private nextTurn(): Promise<void> {
    this.turn = this.turn.then(() => setImmediate());
    return this.turn;
  }

  private step(plan: ListPlan, after: string | undefined, size: number): Step {
    if (plan.rest === undefined) {
      const rows = this.candidates<SessionRow>(plan, COLUMNS, after, size);
      return { sessions: rows.map(viewOf), after: cursorBehind(rows, size) };
    }
    const id = idColumnOf(plan);
    const candidates = this.candidates<Candidate>(plan, `${id} AS id, created_at`, after, size);
    const sessions = candidates.length === 0 ? [] : this.matching(plan.rest, candidates);
    return { sessions, after: cursorBehind(candidates, size) };
  }

  private candidates<R>(plan: ListPlan, columns: string, after: string | undefined, size: number): R[] {
    const { from, candidates } = plan;
    const id = idColumnOf(plan);
    const place = behind(after, id);
    const sql = `SELECT ${columns} FROM ${from} WHERE ${candidates.sql} ${place.sql}
      ORDER BY created_at DESC, ${id} DESC LIMIT ?`;
    return this.reader.query<unknown[], R>(sql).all(...candidates.params, ...place.params, size);
  }

  private matching({ sql, params }: { sql: string; params: unknown[] }, candidates: Candidate[]) {
    const ids = JSON.stringify(candidates.map(({ id }) => id));
    return this.reader
      .query<unknown[], SessionRow>(
        `SELECT ${COLUMNS.replace(/\bid\b/, 'sessions.id')} FROM json_each(?) AS candidate
         CROSS JOIN sessions ON sessions.id = candidate.value WHERE ${sql} ORDER BY candidate.key`,
      )
      .all(ids, ...params)
      .map(viewOf);
  }

  private countMatches({ key, value }: { key: string; value: string }): number {
    const sql = `SELECT count(*) AS count FROM (
      SELECT 1 FROM session_metadata WHERE key = ? AND value = ? LIMIT ${COUNTED_MATCHES})`;
    return this.reader.query<[string, string], { count: number }>(sql).get(key, value)?.count ?? 0;
  }
}

function idColumnOf({ from }: ListPlan): string {
  return from === 'sessions' ? 'id' : 'session_id';
}

function cursorBehind(candidates: Candidate[], size: number): string | undefined {
  const last = candidates.at(-1);
  return last === undefined || candidates.length < size ? undefined : encodeCursor(last);
}

/** The size of the next step, so that it takes about as long as a step may. */
function paced(size: number, tookMs: number): number {
  const wanted = tookMs > STEP_MS ? Math.floor((size * STEP_MS) / tookMs) : size * 2;
  return Math.max(1, Math.min(LARGEST_STEP, wanted));
}
