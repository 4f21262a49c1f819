import { join } from 'node:path';
import { STREAM, withLog, type BenchLog } from '../fixtures/log.js';
import type { Moment } from '../fixtures/paced-writer.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { withViews } from '../fixtures/views.js';
import { writeInThread } from '../fixtures/write-in-thread.js';
import { inTurns } from '../rounds.js';
import type { Bench } from '../row.js';
import { median, percentile } from '../stats.js';

const RATE = 1_000;
const DEADLINE_MS = 10_000;

interface Lag {
  p99: number;
  perSecond: number;
}

/** From the log's confirmation of an event to its visibility in queries, beside its arrival at a bare consumer. */
export const viewLag: Bench = {
  name: 'view lag',
  measure: ({ quick }) =>
    withLog((log) =>
      withTempDir(async (dir) => {
        const seconds = quick ? 1 : 3;
        const rates: number[] = [];
        const noted = ({ p99, perSecond }: Lag): number => {
          rates.push(perSecond);
          return p99;
        };
        const rounds = await inTurns(quick ? 1 : 3, {
          ours: async () => noted(await lagOfViews(log, join(dir, `${rates.length}`), seconds)),
          bare: async () => noted(await lagOfConsumer(log, seconds)),
        });
        const bars = [{ of: 'ours' as const, atMost: 50 }];
        const path = `view lag at ${Math.round(median(rates))} events/s, p99`;
        return [{ path, unit: 'ms', bareIs: 'consume', bars, ...rounds }];
      }),
    ),
};

async function lagOfViews(log: BenchLog, dir: string, seconds: number): Promise<Lag> {
  return withViews(log.store, dir, async (views) => {
    const visible: Moment[] = [];
    const forget = views.onApplied((sequence) => visible.push({ sequence, at: Date.now() }));
    const { confirmed, perSecond } = await writeInThread({ address: log.address, perSecond: RATE, seconds });
    const { lastSequence } = await log.store.info();
    if (!(await views.waitFor(lastSequence, DEADLINE_MS))) throw new Error('The views were 10 s behind.');
    forget();
    return { p99: p99Of(confirmed, visible), perSecond };
  });
}

async function lagOfConsumer(log: BenchLog, seconds: number): Promise<Lag> {
  const { lastSequence } = await log.store.info();
  const arrived: Moment[] = [];
  const consumer = await log.bare.js.consumers.get(STREAM, { opt_start_seq: lastSequence + 1 });
  const messages = await consumer.consume({
    max_messages: 2_000,
    callback: ({ seq }) => void arrived.push({ sequence: seq, at: Date.now() }),
  });
  const { confirmed, perSecond } = await writeInThread({ address: log.address, perSecond: RATE, seconds });
  await log.bare.connection.flush();
  await messages.close();
  await consumer.delete();
  return { p99: p99Of(confirmed, arrived), perSecond };
}

/** From each confirmation to the first moment when that sequence, or a later one, was there; never below 0. */
function p99Of(confirmed: readonly Moment[], there: readonly Moment[]): number {
  const lags: number[] = [];
  let next = 0;
  for (const { sequence, at } of confirmed.toSorted((a, b) => a.sequence - b.sequence)) {
    while ((there[next]?.sequence ?? Infinity) < sequence) next += 1;
    lags.push(Math.max(0, (there[next]?.at ?? Infinity) - at));
  }
  return percentile(lags, 0.99);
}
