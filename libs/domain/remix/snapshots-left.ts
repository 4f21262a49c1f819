import type { EventEnvelope } from '../envelope.js';
import type { EventData } from '../events.js';

type Snapshot = EventData['files.snapshotted'];

/** All snapshots that were ever taken of a session, oldest first. */
export function snapshotsIn(history: readonly EventEnvelope[]): Snapshot[] {
  return history.flatMap((entry) => (entry.type === 'files.snapshotted' ? [entry.data] : []));
}

/** Those that no later one has replaced. */
export function snapshotsLeft(history: readonly EventEnvelope[]): Snapshot[] {
  const taken = snapshotsIn(history);
  const pruned = new Set(taken.flatMap((snapshot) => snapshot.pruned ?? []));
  return taken.filter(({ snapshot_id }) => !pruned.has(snapshot_id));
}
