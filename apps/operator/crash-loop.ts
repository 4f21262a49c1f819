import type { EventEnvelope } from '#domain';
import { ComputerFailure } from './computer-failure.js';
import { ASKING } from './waking.js';

const TIMES = 5;
const WITHIN_MINUTES = 2;

/**
 * Read from the log, so that a new process goes on counting; what happened before somebody asked for the computer
 * anew does not count, nor does what the whole engine did,
 * or a pause by hand, in which nothing ends.
 * @throws ComputerFailure permanent: for a computer that stopped by itself too often to be started once more
 */
export function requireNoCrashLoop(history: EventEnvelope[], nowMs: number): void {
  const asked = history.findLastIndex(({ type }) => ASKING.has(type));
  const since = nowMs - WITHIN_MINUTES * 60_000;
  const disruptions = history
    .slice(asked + 1)
    .filter((event) => event.type === 'computer.disrupted')
    .filter(({ data, time }) => !data.running && isItsOwn(data) && Date.parse(time) >= since);
  if (disruptions.length < TIMES) return;
  throw new ComputerFailure(
    `The computer stopped by itself ${disruptions.length} times within ${WITHIN_MINUTES} minutes and is not started again. The last time: ${disruptions.at(-1)?.data.detail} Restore the session to try once more.`,
    true,
  );
}

function isItsOwn({ reason }: { reason: string }): boolean {
  return reason !== 'engine_restarted' && reason !== 'paused';
}
