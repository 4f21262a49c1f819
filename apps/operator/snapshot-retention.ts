import type { Computers } from '#computers';
import { messageOf, type Logger } from '#runtime';
import type { CopiesInProgress } from './copy-source.js';
import type { CurrentSessions } from './current-sessions.js';
import { DEADLINES, within } from './deadline.js';
import type { SessionDirectory } from './ports.js';

export interface RetentionParts {
  computers: Computers;
  sessions: CurrentSessions;
  directory: SessionDirectory;
  copies: CopiesInProgress;
  logger: Logger;
  /** Snapshots of a session that stay; 0: all. */
  snapshotsKept?: number;
}

/** Deletes the oldest snapshots of a session, but none that a remix is made from. */
export class SnapshotRetention {
  constructor(private readonly parts: RetentionParts) {}

  /** Of those that are left the ones that go when one more has been taken, oldest first. */
  async due(sessionId: string, left: readonly string[]): Promise<string[]> {
    const { snapshotsKept = 0 } = this.parts;
    if (snapshotsKept === 0) return [];
    const old = left.slice(0, Math.max(0, left.length + 1 - snapshotsKept));
    if (old.length === 0) return [];
    const wanted = await this.wantedByRemixes(sessionId);
    return old.filter((id) => !wanted.has(id));
  }

  /**
   * Deletes what the log says is gone, and what it never knew. When it fails the files only take their room for longer:
   * the next time takes care of them too.
   */
  async apply(sessionId: string): Promise<void> {
    const { computers, logger, sessions } = this.parts;
    const keep = new Set((await sessions.facts(sessionId)).snapshots);
    try {
      const deleting = computers.deleteSnapshots(sessionId, keep);
      await within(DEADLINES.snapshot, 'Deleting old snapshots', deleting);
    } catch (error) {
      logger.warn({ session: sessionId, error: messageOf(error) }, 'old snapshots could not be deleted');
    }
  }

  /** Snapshots that are copied now, and those of remixes whose computers are still to be made. */
  private async wantedByRemixes(sourceId: string): Promise<Set<string>> {
    const { copies, directory, sessions } = this.parts;
    const wanted = new Set(copies.of(sourceId));
    for (const { id, state } of [...directory.live()]) {
      if (state !== 'init') continue;
      const source = (await sessions.creation(id))?.source;
      if (source?.session_id === sourceId && source.snapshot_id !== null) wanted.add(source.snapshot_id);
    }
    return wanted;
  }
}
