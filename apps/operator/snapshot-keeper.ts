import type { Computers } from '#computers';
import { RecordSnapshot, RecordSnapshotFailure } from '#commands';
import { turnBoundary } from '#domain';
import { reasonOf } from './computer-failure.js';
import type { CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import { OPERATOR, type ExecuteCommand } from './execute.js';

/** Characters of a skipped path that an event names. */
const MAX_PATH = 512;

/** Keeps a session's files at the end of a turn, and says on the log that it did, or why it could not. */
export class SnapshotKeeper {
  constructor(
    private readonly computers: Computers,
    private readonly sessions: CurrentSessions,
    private readonly execute: ExecuteCommand,
  ) {}

  /**
   * The files belong to the turn that ended last, whatever was posted or closed since: that is the version at which
   * a remix looks for them.
   * @throws DomainError when the session has moved on; then the snapshot is of no use
   */
  async keep(sessionId: string): Promise<void> {
    const at_version = turnBoundary(await this.sessions.history(sessionId), undefined);
    const startedAt = performance.now();
    const taken = await this.take(sessionId);
    if ('reason' in taken) {
      await this.execute(
        new RecordSnapshotFailure(sessionId, { reason: taken.reason, at_version }, OPERATOR),
      );
      return;
    }
    const { snapshotId, skipped, skippedTotal, pausedMs, storedBytes, ...counts } = taken;
    const kept = {
      ...counts,
      snapshot_id: snapshotId,
      skipped: skipped.map(({ path, why }) => ({ path: shortened(path), why })),
      skipped_total: skippedTotal,
      paused_ms: pausedMs,
      stored_bytes: storedBytes,
      at_version,
      took_ms: Math.round(performance.now() - startedAt),
    };
    await this.execute(new RecordSnapshot(sessionId, kept, OPERATOR));
  }

  private async take(sessionId: string) {
    try {
      return await within(DEADLINES.snapshot, 'Keeping the files', this.computers.snapshot(sessionId));
    } catch (error) {
      return { reason: reasonOf(error, 'then the next turn keeps the files') };
    }
  }
}

/** A path may be longer than all else in an event together. */
function shortened(path: string): string {
  return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH)}…`;
}
