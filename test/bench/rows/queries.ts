import type { Database } from 'better-sqlite3';
import { MessageQueries } from '#projections/messages';
import { encodeCursor, SessionQueries } from '#projections/sessions';
import { join } from 'node:path';
import { openReader } from '../../../projections/runner/database.js';
import { ViewFile } from '../../../projections/runner/view-file.js';
import { ViewReader } from '../../../projections/runner/view-reader.js';
import { applySessions, type ManySessions } from '../fixtures/many-sessions.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { PROJECTIONS } from '../fixtures/views.js';
import { inTurns, timesOf } from '../rounds.js';
import type { Bench, Measured } from '../row.js';
import { percentile } from '../stats.js';

const SESSIONS = 100_000;
const PAGE = 50;
const LAST = 10;
const ROUND_MS = 100;

interface Pair {
  path: string;
  ours: (session: string) => unknown;
  bare: (session: string) => unknown;
}

/** What lists and talks are made of, beside the same SQL on a bare connection. */
export const queries: Bench = {
  name: 'queries at 100,000 sessions',
  measure: ({ quick }) =>
    withTempDir(async (dir) => {
      const path = join(dir, 'views.db');
      const sessions = fillViews(path, quick ? SESSIONS / 10 : SESSIONS);
      const reader = new ViewReader(path);
      const db = openReader(path);
      try {
        const measured: Measured[] = [];
        for (const pair of pairsOf(reader, db, sessions)) {
          measured.push(await measurePair(pair, sessions.long, quick));
        }
        return measured;
      } finally {
        db.close();
        reader.close();
      }
    }),
};

function fillViews(path: string, count: number): ManySessions {
  const options = { path, projections: PROJECTIONS, skip: new Set<number>() };
  const file = ViewFile.create(options, 'bench');
  try {
    return applySessions(count, (batch) => file.append(batch));
  } finally {
    file.close();
  }
}

function pairsOf(reader: ViewReader, db: Database, { ids }: ManySessions): Pair[] {
  const sessions = new SessionQueries(reader);
  const messages = new MessageQueries(reader);
  const deep = sessions.byId(ids[Math.floor(ids.length / 2)] ?? '');
  if (deep === undefined) throw new Error('The views have no session halfway.');
  const after = encodeCursor(deep);
  const idle = `SELECT * FROM sessions WHERE lifecycle = 'live' AND state = 'idle'`;
  const newest = `ORDER BY created_at DESC, id DESC LIMIT ${PAGE + 1}`;
  const firstPage = db.prepare(`${idle} ${newest}`);
  const deepPage = db.prepare(`${idle} AND (created_at, id) < (?, ?) ${newest}`);
  const ofTeam = `SELECT sessions.* FROM session_metadata AS pair JOIN sessions ON sessions.id = pair.session_id
    WHERE pair.key = '=team' AND pair.value = '=' || ? AND lifecycle = 'live'`;
  const pairNewest = `ORDER BY pair.created_at DESC, pair.session_id DESC LIMIT ${PAGE + 1}`;
  const byTeam = db.prepare(`${ofTeam} ${pairNewest}`);
  const byTeamIdle = db.prepare(`${ofTeam} AND +state = 'idle' ${pairNewest}`);
  const last = db.prepare(`SELECT * FROM messages WHERE session_id = ? ORDER BY position DESC LIMIT ${LAST}`);
  const count = db.prepare('SELECT count(*) FROM messages WHERE session_id = ?');
  return [
    {
      path: 'list by state, first page, p99',
      ours: () => sessions.list({ state: 'idle', limit: PAGE }),
      bare: () => firstPage.all(),
    },
    {
      path: 'list by state, deep page, p99',
      ours: () => sessions.list({ state: 'idle', limit: PAGE, after }),
      bare: () => deepPage.all(deep.created_at, deep.id),
    },
    {
      path: 'list by metadata, first page, p99',
      ours: () => sessions.list({ metadata: { team: 'team-7' }, limit: PAGE }),
      bare: () => byTeam.all('team-7'),
    },
    {
      path: 'list by metadata and state, first page, p99',
      ours: () => sessions.list({ state: 'idle', metadata: { team: 'team-7' }, limit: PAGE }),
      bare: () => byTeamIdle.all('team-7'),
    },
    {
      path: 'last 10 messages, p99',
      ours: (session) => messages.last(session, LAST),
      bare: (session) => last.all(session),
    },
    {
      path: 'count messages, p99',
      ours: (session) => messages.count(session),
      bare: (session) => count.get(session),
    },
  ];
}

async function measurePair(
  { path, ours, bare }: Pair,
  long: readonly string[],
  quick: boolean,
): Promise<Measured> {
  let turn = 0;
  const p99 = (query: (session: string) => unknown) => async () =>
    percentile(await timesOf(ROUND_MS, async () => await query(long[turn++ % long.length] ?? '')), 0.99);
  const rounds = await inTurns(quick ? 3 : 11, { ours: p99(ours), bare: p99(bare) });
  return { path, unit: 'ms', bareIs: 'SQL', bars: [{ of: 'ours', atMost: 1 }], ...rounds };
}
