import type { Disruption } from '../../computer.js';
import { ENDING } from '../container/keeper.js';

/** How a container ended. */
export interface Ending {
  exitCode: number;
  /** The kernel killed a process of this run for want of memory; not always the one that ended it. */
  oomKilled: boolean;
  /** Unix time in milliseconds. */
  finishedAt: number;
}

const KILLED = 137;
const TERMINATED = 143;
/** Asked by us: before the keeper could listen, and where there was no room for another process. */
const CUT_SHORT = [138, 2];
const ASKED_BY_US: readonly number[] = [ENDING.unchanged, ENDING.changed, ...CUT_SHORT];
const ASKED_BY_OTHERS: readonly number[] = [ENDING.toldUnchanged, ENDING.toldChanged];
/** Containers that outlived their engine are ended by the next one while it starts. */
const AROUND_START_MS = { before: 60_000, after: 5_000 };

export const REMOVED: Disruption = { reason: 'killed', detail: 'The container was removed by hand.' };

export const PAUSED: Disruption = {
  reason: 'paused',
  detail: 'The container was paused by hand. What runs in it stands still until the session goes on.',
};

/** What ended a container, when it was not this driver. */
export function disruptionOf(ending: Ending, engineStartedAt: number | undefined): Disruption | undefined {
  const { exitCode, oomKilled } = ending;
  if (ASKED_BY_US.includes(exitCode)) return undefined;
  if (oomKilled && exitCode === KILLED) {
    return {
      reason: 'out_of_memory',
      detail: 'The computer reached its memory limit, and what kept it running was killed.',
    };
  }
  if (engineStartedAt !== undefined && endedWithEngine(ending, engineStartedAt)) {
    return { reason: 'engine_restarted', detail: 'The Docker engine was stopped or started anew.' };
  }
  if (ASKED_BY_OTHERS.includes(exitCode)) {
    return { reason: 'exited', detail: 'Somebody else stopped the container.' };
  }
  if (exitCode === KILLED || exitCode === TERMINATED) {
    return { reason: 'killed', detail: `The container was killed (exit code ${exitCode}).` };
  }
  return { reason: 'exited', detail: `The container ended by itself with exit code ${exitCode}.` };
}

/** An engine that shuts down asks its containers to end; one that crashed leaves them to the next one. */
function endedWithEngine({ exitCode, finishedAt }: Ending, engineStartedAt: number): boolean {
  const before = engineStartedAt - finishedAt;
  if (before < -AROUND_START_MS.after) return false;
  return ASKED_BY_OTHERS.includes(exitCode) || before <= AROUND_START_MS.before;
}
