import type { Computers, SnapshotInfo } from '#computers';
import { RecordSnapshot, RecordSnapshotFailure } from '#commands';
import { reasonOf } from './computer-failure.js';
import type { CurrentSession, CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import { OPERATOR, type ExecuteCommand } from './execute.js';
import type { SnapshotRetention } from './snapshot-retention.js';

/** Characters of a skipped path that an event names. */
const MAX_PATH = 512;

interface RunningSnapshot {
  ending: AbortController;
  ofClosed: boolean;
}

/** Keeps a session's files at the end of a turn, and says on the log that it did, or why it could not. */
export class SnapshotKeeper {
  private readonly running = new Map<string, RunningSnapshot>();

  constructor(
    private readonly computers: Computers,
    private readonly sessions: CurrentSessions,
    private readonly execute: ExecuteCommand,
    private readonly retention: SnapshotRetention,
  ) {}

  /**
   * The files belong to the turn that ended last, whatever was posted or closed since: that is the version at which
   * a remix looks for them.
   * @throws DomainError when the session has moved on; then the snapshot is of no use
   */
  async keep({ id, state }: CurrentSession): Promise<void> {
    const { turnBoundary: at_version, snapshots } = await this.sessions.facts(id);
    const startedAt = performance.now();
    const taken = await this.take(id, state.status === 'closed');
    if (taken === undefined) return;
    if ('reason' in taken) {
      await this.execute(new RecordSnapshotFailure(id, { reason: taken.reason, at_version }, OPERATOR));
      return;
    }
    const took_ms = Math.round(performance.now() - startedAt);
    const pruned = await this.retention.due(id, snapshots);
    const data = { ...dataOf(taken), at_version, took_ms, ...(pruned.length > 0 && { pruned }) };
    await this.execute(new RecordSnapshot(id, data, OPERATOR));
    // Only then: what is planned from now on does not count on them.
    if (pruned.length > 0) await this.retention.apply(id);
  }

  /** Ends a snapshot in progress when the session was closed or deleted meanwhile: a hostile tree holds up neither. */
  async cancelIfUnwanted(sessionId: string): Promise<void> {
    const running = this.running.get(sessionId);
    if (running === undefined) return;
    const { state } = await this.sessions.load(sessionId);
    const closed = state.status === 'closed' && !running.ofClosed;
    if (state.lifecycle !== 'live' || closed) running.ending.abort();
  }

  /** Of all sessions; the next start of the service takes them. */
  cancel(): void {
    for (const { ending } of this.running.values()) ending.abort();
  }

  /** Undefined when it was ended on purpose; what is still due then is taken later. */
  private async take(
    sessionId: string,
    ofClosed: boolean,
  ): Promise<SnapshotInfo | { reason: string } | undefined> {
    const ending = new AbortController();
    this.running.set(sessionId, { ending, ofClosed });
    const snapshot = this.computers.snapshot(sessionId, { signal: ending.signal });
    try {
      return await within(DEADLINES.snapshot, 'Keeping the files', snapshot);
    } catch (error) {
      if (ending.signal.aborted) return undefined;
      ending.abort();
      return { reason: reasonOf(error, 'then the next turn keeps the files') };
    } finally {
      this.running.delete(sessionId);
    }
  }
}

function dataOf({ snapshotId, skipped, skippedTotal, pausedMs, storedBytes, ...counts }: SnapshotInfo) {
  return {
    ...counts,
    snapshot_id: snapshotId,
    skipped: skipped.map(({ path, why }) => ({ path: shortened(path), why })),
    skipped_total: skippedTotal,
    paused_ms: pausedMs,
    stored_bytes: storedBytes,
  };
}

/** A path may be longer than all else in an event together, and need not be text; the snapshot has it as it is. */
function shortened(path: string): string {
  const text = path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH)}…`;
  return text.toWellFormed();
}
