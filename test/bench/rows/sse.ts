import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { EventStore } from '#event-store';
import { withBareStream } from '../fixtures/bare-stream.js';
import { beginning, plainTurn, sealOne } from '../fixtures/history.js';
import { createClient } from '../fixtures/http.js';
import { withLog } from '../fixtures/log.js';
import { withServer } from '../fixtures/server.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { inTurns } from '../rounds.js';
import type { Bench } from '../row.js';
import { percentile } from '../stats.js';

/** From the call of an append to the event at a client of the stream of all events. */
export const sse: Bench = {
  name: 'SSE',
  measure: ({ quick }) =>
    withLog((log) =>
      withTempDir((dir) =>
        withServer(log, dir, (server) =>
          withBareStream(log.bare, async (bare) => {
            const client = createClient();
            const events = quick ? 50 : 150;
            const p95 = async (url: string) => {
              const stream = await client.open(url);
              const times = await timesToClient(log.store, stream, events);
              stream.destroy();
              return percentile(times, 0.95);
            };
            try {
              const rounds = await inTurns(quick ? 3 : 7, {
                ours: () => p95(`${server}/events`),
                bare: () => p95(bare),
              });
              const bars = [{ of: 'ours' as const, atMost: 50 }];
              const bareIs = 'consume + http write';
              return [{ path: 'SSE, append to client, p95', unit: 'ms', bareIs, bars, ...rounds }];
            } finally {
              client.close();
            }
          }),
        ),
      ),
    ),
};

/** Appends one event after the other, each when the one before has come; gives milliseconds. */
async function timesToClient(store: EventStore, stream: IncomingMessage, count: number): Promise<number[]> {
  const seen = await watch(stream);
  const sessionId = randomUUID();
  const decided = [...beginning('sse'), ...Array.from({ length: count }, plainTurn).flat()].slice(0, count);
  const times: number[] = [];
  let sequence = 0;
  for (const [index, event] of decided.entries()) {
    const began = performance.now();
    ({ sequence } = await store.append(sessionId, [sealOne(sessionId, index + 1, event)], sequence));
    times.push((await seen(sequence)) - began);
  }
  return times;
}

/** Resolves at the stream's first frame; the result tells when a frame with that id had come. */
async function watch(stream: IncomingMessage): Promise<(sequence: number) => Promise<number>> {
  let last = { sequence: 0, at: 0 };
  let wake = (): void => undefined;
  const arrival = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const first = arrival();
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const frames = (rest + chunk).split('\n\n');
    rest = frames.pop() ?? '';
    const ids = frames.map((frame) => Number(/^id: (\d+)$/m.exec(frame)?.[1] ?? 0));
    last = { sequence: Math.max(last.sequence, ...ids), at: performance.now() };
    if (frames.length > 0) wake();
  });
  await first;
  return async (sequence) => {
    while (last.sequence < sequence) await arrival();
    return last.at;
  };
}
