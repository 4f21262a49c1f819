import { CreateSession } from '#commands';
import { barePublisher } from '../fixtures/bare-publisher.js';
import { user, withCommands } from '../fixtures/commands.js';
import { withLog } from '../fixtures/log.js';
import { inTurns, timesOf } from '../rounds.js';
import type { Bench } from '../row.js';
import { median } from '../stats.js';

const ROUND_MS = 300;

/** From the command to its event on disk: a name is claimed, then the session begins. */
export const createSession: Bench = {
  name: 'create session',
  measure: ({ quick }) =>
    withLog((log) =>
      withCommands(log, async (bus) => {
        const create = () => bus.execute(new CreateSession('', {}, user));
        const payload = Buffer.from(JSON.stringify((await create()).events[0]));
        const rounds = await inTurns(quick ? 3 : 11, {
          ours: async () => median(await timesOf(ROUND_MS, create)),
          bare: async () => median(await timesOf(ROUND_MS, () => barePublisher(log.bare, payload)())),
        });
        const bars = [{ of: 'ours' as const, atMost: 2 }];
        return [{ path: 'create session, p50', unit: 'ms', bareIs: 'js.publish', bars, ...rounds }];
      }),
    ),
};
