import type { SessionState } from '#domain';

export type Step = 'none' | 'report-disrupted' | 'start' | 'stop' | 'snapshot' | 'destroy';

/** What is known of a session's computer. */
export interface ObservedComputer {
  /** What the driver says. */
  running: boolean;
  /** This process started it, so it has its environment. */
  ours: boolean;
  /** It told of a disruption that is not on the log. */
  disrupted: boolean;
}

/** A computer elsewhere is its own operator's: what is not seen from here is neither gone nor to be replaced. */
export function belongsHere({ node }: Pick<SessionState, 'node'>, here: string): boolean {
  return node === null || node === here;
}

/** The next thing to do so that the computer becomes what the session's state asks for. */
export function nextStep(state: SessionState, computer: ObservedComputer | undefined): Step {
  switch (state.lifecycle) {
    case 'none':
    case 'copying':
      return 'none';
    case 'deleted':
    case 'erased':
      // Also when it seems to be gone: of one that somebody removed by hand, a part may be left.
      return 'destroy';
    case 'live':
      return state.status === 'closed' ? stepOfClosed(state, computer) : stepOfOpen(state, computer);
  }
}

/**
 * Stopped first: then nothing writes any more, and the snapshot is what the closed session holds. With it the root
 * filesystem is kept, which nothing else has: whoever removes the container must not have to wait for the snapshot.
 */
function stepOfClosed(state: SessionState, computer: ObservedComputer | undefined): Step {
  if (computer?.running || state.rootFilesystemDue) return 'stop';
  // Of a computer that is gone it says that there are none: whoever waits for the files gets to know.
  return isSnapshotPossible(state) ? 'snapshot' : 'none';
}

/**
 * Said before mended, so that nobody takes the computer for the one that it was. Kept before started: the next turn
 * waits for both, and what starts could change the files.
 */
function stepOfOpen(state: SessionState, computer: ObservedComputer | undefined): Step {
  if (state.computerRunning && isDisrupted(computer)) return 'report-disrupted';
  if (computer !== undefined && isSnapshotPossible(state)) return 'snapshot';
  const runs = state.computerRunning && computer !== undefined && computer.running && computer.ours;
  return runs ? 'none' : 'start';
}

function isDisrupted(computer: ObservedComputer | undefined): boolean {
  return computer === undefined || !computer.running || computer.disrupted;
}

function isSnapshotPossible(state: SessionState): boolean {
  return state.snapshotDue && state.turn === null && !state.firstStart;
}
