import { DomainError } from '../errors.js';
import type { EventEnvelope } from '../envelope.js';

/** The point to fork from: a version of the source, or a message whose turn is the last to come along. */
export type RemixPoint = { version: number } | { messageId: string } | undefined;

/**
 * The version of the last turn end at or before a version; for a message the end of its own turn.
 * Without any finished turn it is version 1: the session as created.
 */
export function turnBoundary(history: EventEnvelope[], at: RemixPoint): number {
  if (at !== undefined && 'messageId' in at) return endOfTurnOf(history, at.messageId);
  const limit = at?.version ?? Infinity;
  const last = history.at(-1)?.sessionversion ?? 0;
  if (limit !== Infinity && (limit < 1 || limit > last)) {
    throw new DomainError(
      'remix_point_not_found',
      `The session has versions 1 to ${last}; there is no version ${limit}.`,
    );
  }
  return history.findLast((entry) => entry.sessionversion <= limit && endsTurn(entry))?.sessionversion ?? 1;
}

function endOfTurnOf(history: EventEnvelope[], messageId: string): number {
  const turnId = history
    .map((entry) => {
      if (entry.type === 'turn.started' && entry.data.message_ids.includes(messageId))
        return entry.data.turn_id;
      if (entry.type === 'model.responded' && entry.data.message_id === messageId) return entry.data.turn_id;
      return undefined;
    })
    .find((id) => id !== undefined);
  const end = history.find((entry) => endsTurn(entry) && entry.data.turn_id === turnId);
  if (end !== undefined) return end.sessionversion;
  throw new DomainError(
    'remix_point_not_found',
    `Message ${messageId} is not part of a finished turn of this session; leave out "at", or name a version.`,
  );
}

/** What came after the boundary and is still of the turn that ends there: what its model had said by then. */
export function lateStepsOf(history: EventEnvelope[], boundary: number): EventEnvelope[] {
  const end = history.find((entry) => entry.sessionversion === boundary);
  if (end === undefined || !endsTurn(end)) return [];
  const { turn_id } = end.data;
  return history.filter(
    (entry) => entry.sessionversion > boundary && 'turn_id' in entry.data && entry.data.turn_id === turn_id,
  );
}

type TurnEnd = Extract<EventEnvelope, { type: 'turn.completed' | 'turn.failed' | 'turn.interrupted' }>;

export function endsTurn(entry: EventEnvelope): entry is TurnEnd {
  return entry.type === 'turn.completed' || entry.type === 'turn.failed' || entry.type === 'turn.interrupted';
}
