import { randomUUID } from 'node:crypto';
import type { CommandBus } from '@nestjs/cqrs';
import { RemixSession, type CommandOutcome } from '#commands';
import { publishBatch } from '../fixtures/bare-batch.js';
import { user, withCommands } from '../fixtures/commands.js';
import { beginning, plainTurn, sealed, toolTurn } from '../fixtures/history.js';
import { STREAM, withLog, type BareLog, type BenchLog } from '../fixtures/log.js';
import { inTurns, timeOf } from '../rounds.js';
import type { Bench } from '../row.js';

const REQUEST = { messages: true, data: true, code: true, secrets: true };

/** A remix that writes exactly 1,000 events, beside a read of the same subject and a batch of the same payloads. */
export const remix: Bench = {
  name: 'remix of 1,000 events',
  measure: ({ quick }) =>
    withLog((log) =>
      withCommands(log, async (bus) => {
        const source = await writeSource(log);
        const { events } = await remixOf(bus, source);
        const payloads = events.map((copy) => Buffer.from(JSON.stringify(copy)));
        const rounds = await inTurns(quick ? 3 : 11, {
          ours: () => timeOf(() => remixOf(bus, source)),
          bare: () => timeOf(() => readAndWrite(log.bare, source, payloads)),
        });
        const bars = [{ of: 'ratio' as const, atMost: 1.5 }];
        const bareIs = 'read + atomic batch';
        return [{ path: `remix of ${events.length} events`, unit: 'ms', bareIs, bars, ...rounds }];
      }),
    ),
};

/** A session of 98 turns, 998 events of which a remix copies. */
async function writeSource({ store }: BenchLog): Promise<string> {
  const sessionId = randomUUID();
  const turns = Array.from({ length: 90 }, () => [...toolTurn(), ...plainTurn()]).flat();
  const events = [...beginning('source'), ...turns, ...plainTurn(), ...plainTurn()];
  await store.append(sessionId, sealed(sessionId, events), 0);
  return sessionId;
}

function remixOf(bus: CommandBus, sourceId: string): Promise<CommandOutcome> {
  return bus.execute(new RemixSession(sourceId, REQUEST, user));
}

async function readAndWrite(bare: BareLog, sourceId: string, payloads: readonly Uint8Array[]): Promise<void> {
  await readSubject(bare, `raworc.sessions.${sourceId}`);
  const subject = bare.newSubject();
  await publishBatch(
    bare.connection,
    payloads.map((payload) => ({ id: randomUUID(), subject, payload })),
  );
}

/** A whole subject through the client's ordered consumer: the quickest way that the client has. */
async function readSubject({ js }: BareLog, subject: string): Promise<void> {
  const consumer = await js.consumers.get(STREAM, { filter_subjects: subject });
  const messages = await consumer.consume({ max_messages: 5_000 });
  for await (const message of messages) if (message.info.pending === 0) break;
  await messages.close();
  await consumer.delete();
}
