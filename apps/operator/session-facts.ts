import { endsTurn, type EventEnvelope, type EventType, type SessionCreated } from '#domain';
import { ownStopsAfter, type OwnStop } from './crash-loop.js';

/** What the operator wants to know of a session's past that its state does not say. */
export interface SessionFacts {
  /** What the session was created with. */
  created: SessionCreated | undefined;
  /** Version of the last turn's end: where a remix looks for its files. 1 before there is any. */
  turnBoundary: number;
  /** Ids of the snapshots that no later one has replaced, oldest first. */
  snapshots: readonly string[];
  ranTool: boolean;
  ownStops: readonly OwnStop[];
  /** When something was last done with the session. */
  lastActivity: string | undefined;
}

export const NO_FACTS: SessionFacts = {
  created: undefined,
  turnBoundary: 1,
  snapshots: [],
  ranTool: false,
  ownStops: [],
  lastActivity: undefined,
};

/** Events in which nobody did anything with the session. */
const UPKEEP: ReadonlySet<EventType> = new Set([
  'files.snapshotted',
  'files.snapshot_failed',
  'root_filesystem.kept',
  'computer.failed',
  'computer.disrupted',
]);

export function isUpkeep({ type }: EventEnvelope): boolean {
  return UPKEEP.has(type);
}

export function factsAfter(before: SessionFacts, event: EventEnvelope): SessionFacts {
  return {
    created: before.created ?? (event.type === 'session.created' ? event.data : undefined),
    turnBoundary: endsTurn(event) ? event.sessionversion : before.turnBoundary,
    snapshots: snapshotsAfter(before.snapshots, event),
    ranTool: before.ranTool || event.type === 'tool.started',
    ownStops: ownStopsAfter(before.ownStops, event),
    lastActivity: isUpkeep(event) ? before.lastActivity : event.time,
  };
}

function snapshotsAfter(before: readonly string[], event: EventEnvelope): readonly string[] {
  if (event.type !== 'files.snapshotted') return before;
  const { snapshot_id, pruned = [] } = event.data;
  return [...before.filter((id) => !pruned.includes(id)), snapshot_id];
}
