import type { CommandBus } from '@nestjs/cqrs';
import { CreateSession, PostMessage } from '#commands';
import { barePublisher } from '../fixtures/bare-publisher.js';
import { user, withCommands } from '../fixtures/commands.js';
import { withLog } from '../fixtures/log.js';
import { inTurns, rateOf } from '../rounds.js';
import type { Bar, Bench, Measured, Size } from '../row.js';

const MESSAGE = { content: 'Write unit tests for the parser, and tell me what they found.', metadata: {} };

const ROUND_MS = 400;

interface Load {
  /** Sessions, each with one command at a time. */
  inFlight: number;
  bar: Bar;
}

/** Commands through the bus, with their decision and their append, beside publishes of the same bytes. */
export const appends: Bench[] = [
  benchOf({ inFlight: 1, bar: { of: 'ratio', atLeast: 0.8 } }),
  benchOf({ inFlight: 32, bar: { of: 'ratio', atLeast: 0.8 } }),
  benchOf({ inFlight: 256, bar: { of: 'ratio', atLeast: 4 } }),
];

function benchOf(load: Load): Bench {
  const name = `append, ${load.inFlight} in flight`;
  return { name, measure: (size) => measure(name, load, size) };
}

function measure(path: string, { inFlight, bar }: Load, { quick }: Size): Promise<Measured[]> {
  return withLog((log) =>
    withCommands(log, async (bus) => {
      const payload = await payloadOf(bus);
      const lanes = Array.from({ length: inFlight });
      const sessions = await Promise.all(lanes.map(() => newSession(bus)));
      const publishers = lanes.map(() => barePublisher(log.bare, payload));
      const post = (lane: number) => bus.execute(new PostMessage(sessions[lane] ?? '', MESSAGE, user));
      const rounds = await inTurns(quick ? 3 : 15, {
        ours: () => rateOf(inFlight, ROUND_MS, post),
        bare: () => rateOf(inFlight, ROUND_MS, async (lane) => publishers[lane]?.()),
      });
      return [{ path, unit: '/s', bareIs: 'js.publish', bars: [bar], ...rounds }];
    }),
  );
}

async function newSession(bus: CommandBus): Promise<string> {
  return (await bus.execute(new CreateSession('', {}, user))).sessionId;
}

/** What a posted message is on the log. */
async function payloadOf(bus: CommandBus): Promise<Uint8Array> {
  const { events } = await bus.execute(new PostMessage(await newSession(bus), MESSAGE, user));
  return Buffer.from(JSON.stringify(events[0]));
}
