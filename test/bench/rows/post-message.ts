import { withBareRoute } from '../fixtures/bare-route.js';
import { sealOne, plainTurn } from '../fixtures/history.js';
import { createClient } from '../fixtures/http.js';
import { withLog } from '../fixtures/log.js';
import { withServer } from '../fixtures/server.js';
import { withTempDir } from '../fixtures/temp-dir.js';
import { inTurns, timesOf } from '../rounds.js';
import type { Bench } from '../row.js';
import { median } from '../stats.js';

const ROUND_MS = 400;
const MESSAGE = { content: 'Write unit tests for the parser, and tell me what they found.' };

/** A message over HTTP, one after the other: appended, visible in the views, and shown in the reply. */
export const postMessage: Bench = {
  name: 'POST message',
  measure: ({ quick }) =>
    withLog((log) =>
      withTempDir((dir) =>
        withServer(log, dir, (server) =>
          withBareRoute(log.bare, payload(), async (bare) => {
            const client = createClient();
            const p50 = async (url: string) =>
              median(await timesOf(ROUND_MS, () => client.post(url, MESSAGE)));
            const ours = async () => {
              const created = JSON.parse(await client.post(`${server}/sessions`, {})) as { id: string };
              return p50(`${server}/sessions/${created.id}/messages`);
            };
            try {
              const rounds = await inTurns(quick ? 3 : 11, {
                ours,
                bare: () => p50(`${bare}/sessions/bare/messages`),
              });
              const bars = [{ of: 'ratio' as const, atMost: 2 }];
              const bareIs = 'Nest route, one publish';
              return [{ path: 'POST message, p50', unit: 'ms', bareIs, bars, ...rounds }];
            } finally {
              client.close();
            }
          }),
        ),
      ),
    ),
};

/** As large as the event of such a message. */
function payload(): Uint8Array {
  const [posted] = plainTurn();
  return Buffer.from(posted === undefined ? '' : JSON.stringify(sealOne('bare', 1, posted)));
}
