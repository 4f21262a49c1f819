import { ComputerError, type Computers } from '#computers';
import type { RemixSource } from '#domain';
import { ComputerFailure } from './computer-failure.js';
import type { CurrentSessions } from './current-sessions.js';
import { belongsHere } from './plan.js';
import { DEADLINES, within } from './deadline.js';

/** Snapshots that copies read at the moment. */
export class CopiesInProgress {
  private readonly copies = new Set<{ sessionId: string; snapshotId: string }>();

  of(sessionId: string): string[] {
    return [...this.copies]
      .filter((copy) => copy.sessionId === sessionId)
      .map(({ snapshotId }) => snapshotId);
  }

  async during<T>(source: { sessionId: string; snapshotId: string }, copy: () => Promise<T>): Promise<T> {
    this.copies.add(source);
    try {
      return await copy();
    } finally {
      this.copies.delete(source);
    }
  }
}

interface CopyParts {
  computers: Computers;
  sessions: CurrentSessions;
  copies: CopiesInProgress;
  node: string;
}

/**
 * Fills a remix's computer with its source's files. A point without a snapshot had no files yet; the source's files
 * of now would be those of another point.
 * @throws ComputerFailure permanent: when the source is gone
 * @throws ComputerError, DeadlineError
 */
export async function copySource(
  { computers, sessions, copies, node }: CopyParts,
  id: string,
  { session_id, snapshot_id, parts, version }: RemixSource,
): Promise<void> {
  if (snapshot_id === null || !(parts.data || parts.code)) return;
  const source = { sessionId: session_id, snapshotId: snapshot_id };
  const { data, code } = parts;
  const { state } = await sessions.load(session_id);
  if (!belongsHere(state, node)) throw elsewhere(session_id, state.node);
  const copy = copies.during(source, () => computers.copyFrom(id, source, { data, code }));
  try {
    await within(DEADLINES.copy, 'Copying the files', copy);
  } catch (error) {
    if (!isGone(error)) throw error;
    const isLive = (await sessions.load(session_id)).state.lifecycle === 'live';
    const why = isLive
      ? `their snapshot was deleted meanwhile. Delete this session, and remix session ${session_id} again: that takes files that are still there.`
      : 'the session was deleted meanwhile. Delete this session, and remix another one.';
    throw new ComputerFailure(
      `The files of session ${session_id} as of version ${version} cannot be copied, they are gone: ${why}`,
      true,
      { cause: error },
    );
  }
}

function elsewhere(sourceId: string, node: string | null): ComputerFailure {
  return new ComputerFailure(
    `The files of session ${sourceId} are on node ${node}, and cannot be copied from here. Delete this session, and remix the other one at the service of that node.`,
    true,
  );
}

function isGone(error: unknown): boolean {
  const gone: string[] = ['computer_not_found', 'snapshot_not_found'];
  return error instanceof ComputerError && gone.includes(error.code);
}
