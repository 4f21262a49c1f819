import type { CommandBus } from '@nestjs/cqrs';
import { RecordSnapshot, type CommandContext } from '#commands';
import type { Computers } from '#computers';
import { fold, type EventType } from '#domain';
import type { MemoryStore } from '#event-store';

const operator: CommandContext = { actor: 'operator' };
const KEEPING = new Set<EventType>(['turn.completed', 'turn.failed', 'turn.interrupted']);

/** Keeps the files after each turn that used a tool: until then no other turn starts. */
export function keepFiles(
  log: MemoryStore,
  bus: CommandBus,
  computers: Computers,
  signal: AbortSignal,
): Promise<void> {
  return log.store.consume({
    durable: 'operator',
    types: KEEPING,
    signal,
    concurrency: 1,
    async handle({ event: { subject } }) {
      const state = fold((await log.store.read(subject)).map(({ event }) => event));
      if (!state.snapshotDue) return;
      const { snapshotId, skippedTotal, pausedMs, storedBytes, ...kept } = await computers.snapshot(subject);
      const data = {
        ...kept,
        snapshot_id: snapshotId,
        skipped_total: skippedTotal,
        paused_ms: pausedMs,
        stored_bytes: storedBytes,
        at_version: state.version,
        took_ms: 1,
      };
      await bus.execute(new RecordSnapshot(subject, data, operator));
    },
  });
}
