import type { EventEnvelope } from '#domain';
import { ComputerFailure } from './computer-failure.js';
import { ASKING } from './waking.js';

const TIMES = 5;
const WITHIN_MS = 2 * 60_000;

/** A stop that neither the whole engine nor a person caused. */
export interface OwnStop {
  /** Unix milliseconds. */
  at: number;
  detail: string;
}

/**
 * @throws ComputerFailure permanent: for a computer that stopped by itself too often to be started once more
 */
export function requireNoCrashLoop(stops: readonly OwnStop[], nowMs: number): void {
  const recent = stops.filter(({ at }) => at >= nowMs - WITHIN_MS);
  if (recent.length < TIMES) return;
  throw new ComputerFailure(
    `The computer stopped by itself ${recent.length} times within ${WITHIN_MS / 60_000} minutes and is not started again. The last time: ${recent.at(-1)?.detail} Restore the session to try once more.`,
    true,
  );
}

/**
 * The stops that may still count after one more event. Read from the log, so that a new process goes on counting; what
 * happened before somebody asked for the computer anew does not count, nor does what the whole engine did, or a pause
 * by hand, in which nothing ends.
 */
export function ownStopsAfter(stops: readonly OwnStop[], event: EventEnvelope): readonly OwnStop[] {
  if (ASKING.has(event.type)) return [];
  if (event.type !== 'computer.disrupted' || event.data.running || !isItsOwn(event.data)) return stops;
  const at = Date.parse(event.time);
  return [...stops.filter((stop) => stop.at >= at - WITHIN_MS), { at, detail: event.data.detail }];
}

function isItsOwn({ reason }: { reason: string }): boolean {
  return reason !== 'engine_restarted' && reason !== 'paused';
}
