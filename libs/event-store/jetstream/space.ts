import type { EventEnvelope } from '#domain';
import { LogError, type LogSpace } from '../event-store.js';

/**
 * What is taken even when space is short: it ends something, and mostly frees more than it takes. What the model and a
 * tool had begun to do is done; refused, it would be lost, or done again.
 */
const ENDING: ReadonlySet<EventEnvelope['type']> = new Set([
  'model.responded',
  'tool.completed',
  'session.closed',
  'session.deleted',
  'session.erased',
  'turn.completed',
  'turn.failed',
  'turn.interrupted',
  'computer.failed',
  'computer.disrupted',
  'files.snapshot_failed',
  'root_filesystem.kept',
  'control.released',
  'state.forced',
] as const);

export const UNLIMITED: LogSpace = {
  shortage: () => undefined,
  isExhausted: () => false,
  onLook: () => () => undefined,
};

/** @throws LogError `log_full` */
export function requireSpaceFor(events: readonly EventEnvelope[], space: LogSpace): void {
  const shortage = space.shortage();
  if (shortage === undefined || events.every(({ type }) => ENDING.has(type))) return;
  throw new LogError('log_full', shortage);
}

/** @throws LogError `log_full` */
export function requireSpace(space: LogSpace): void {
  const shortage = space.shortage();
  if (shortage !== undefined) throw new LogError('log_full', shortage);
}
