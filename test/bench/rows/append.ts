import type { CommandBus } from '@nestjs/cqrs';
import { CreateSession, PostMessage } from '#commands';
import { barePublisher } from '../fixtures/bare-publisher.js';
import { user, withCommands } from '../fixtures/commands.js';
import { withLog } from '../fixtures/log.js';
import { inTurns, rateOf } from '../rounds.js';
import type { Bar, Bench, Measured, Size } from '../row.js';

const MESSAGE = { content: 'Write unit tests for the parser, and tell me what they found.', metadata: {} };

interface Load {
  /** Sessions, each with one command at a time. */
  inFlight: number;
  /** Commands in one round. */
  commands: number;
  bar: Bar;
}

/** Commands through the bus, with their decision and their append, beside publishes of the same bytes. */
export const appends: Bench[] = [
  benchOf({ inFlight: 1, commands: 400, bar: { of: 'ratio', atLeast: 0.8 } }),
  benchOf({ inFlight: 32, commands: 2_400, bar: { of: 'ratio', atLeast: 0.8 } }),
  benchOf({ inFlight: 256, commands: 5_120, bar: { of: 'ratio', atLeast: 4 } }),
];

function benchOf(load: Load): Bench {
  const name = `append, ${load.inFlight} in flight`;
  return { name, measure: (size) => measure(name, load, size) };
}

function measure(path: string, { inFlight, commands, bar }: Load, { quick }: Size): Promise<Measured[]> {
  const steps = quick ? commands / 4 : commands;
  return withLog((log) =>
    withCommands(log, async (bus) => {
      const payload = await payloadOf(bus);
      // New sessions in every round, so that none gets a queue of messages that no session has.
      const ours = async () => {
        const sessions = await Promise.all(Array.from({ length: inFlight }, () => newSession(bus)));
        return rateOf(inFlight, steps, async (lane) => {
          await bus.execute(new PostMessage(sessions[lane] ?? '', MESSAGE, user));
        });
      };
      const bare = async () => {
        const publishers = Array.from({ length: inFlight }, () => barePublisher(log.bare, payload));
        await Promise.all(publishers.map((publish) => publish()));
        return rateOf(inFlight, steps, async (lane) => void (await publishers[lane]?.()));
      };
      const rounds = await inTurns(quick ? 3 : 7, { ours, bare });
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
