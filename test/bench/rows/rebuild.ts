import { join } from 'node:path';
import type { EventEnvelope } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Database } from 'better-sqlite3';
import { openWriter, removeDatabase, writeInBulk } from '../../../projections/runner/database.js';
import { fillLog } from '../fixtures/fill-log.js';
import { STREAM, withLog, type BareLog } from '../fixtures/log.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { PROJECTIONS, withViews } from '../fixtures/views.js';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench } from '../row.js';

const TRANSACTION = 1_000;

/** All views anew from the log, beside a loop that consumes, parses and runs the same SQL with the same pragmas. */
export const rebuild: Bench = {
  name: 'rebuild',
  measure: ({ quick }) =>
    withLog((log) =>
      withTempDir(async (dir) => {
        const events = await fillLog(log.bare, quick ? 10_000 : 60_000);
        return withViews(log.store, join(dir, 'views'), async (views) => {
          const rate = (milliseconds: number) => (events * 1000) / milliseconds;
          const rounds = await inTurns(quick ? 2 : 4, {
            ours: async () => rate(await timeOf(() => views.rebuild())),
            bare: async () => rate(await timeOf(() => consumeInto(log.bare, join(dir, 'bare.db')))),
          });
          return [
            {
              path: `rebuild of ${events.toLocaleString('en')} events`,
              unit: '/s',
              bareIs: 'consume + parse + SQL',
              bars: [
                { of: 'ratio', atLeast: 0.8 },
                { of: 'ours', atLeast: 40_000 },
              ],
              ...rounds,
            },
          ];
        });
      }),
    ),
};

async function consumeInto({ js }: BareLog, path: string): Promise<void> {
  removeDatabase(path);
  const db = openWriter(path);
  writeInBulk(db);
  try {
    const applyAll = prepare(db);
    const consumer = await js.consumers.get(STREAM);
    const messages = await consumer.consume({ max_messages: 4_000 });
    let batch: RecordedEvent[] = [];
    for await (const message of messages) {
      const { pending, timestampNanos } = message.info;
      const storedAt = Math.floor(timestampNanos / 1e6) / 1000;
      batch.push({ sequence: message.seq, storedAt, event: message.json<EventEnvelope>() });
      if (batch.length < TRANSACTION && pending > 0) continue;
      applyAll(batch);
      batch = [];
      if (pending === 0) break;
    }
    await messages.close();
    await consumer.delete();
  } finally {
    db.close();
  }
}

function prepare(db: Database): (batch: readonly RecordedEvent[]) => void {
  for (const { schema } of PROJECTIONS) db.exec(schema);
  const applies = PROJECTIONS.map((projection) => projection.prepare(db));
  return db.transaction((batch: readonly RecordedEvent[]) => {
    for (const recorded of batch) for (const apply of applies) apply(recorded);
  });
}
