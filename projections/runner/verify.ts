import type { EventStore } from '#event-store';
import type { Checkpoint } from './checkpoint.js';

/** The read side of the log, as far as views need it. */
export type ReadableLog = Pick<EventStore, 'info' | 'at' | 'last' | 'scan' | 'followBatches'>;

/**
 * Why views at this checkpoint do not belong to this log; undefined when they do.
 * A stream that was made anew, or that lost its tail when a machine crashed, gives old sequences to new events:
 * going on from the checkpoint would miss them without a sign.
 */
export async function mismatch(checkpoint: Checkpoint, log: ReadableLog): Promise<string | undefined> {
  const { sequence, eventId, logCreated } = checkpoint;
  const info = await log.info();
  if (info.created !== logCreated)
    return `the log was made anew at ${info.created}, the views are of ${logCreated}`;
  if (sequence === 0) return undefined;
  if (info.lastSequence < sequence)
    return `the log ends at ${info.lastSequence}, the views are at ${sequence}`;
  const recorded = await log.at(sequence);
  if (recorded === undefined) return whyGone(checkpoint, log);
  if (recorded.event.id === eventId) return undefined;
  return `event ${sequence} of the log is ${recorded.event.id}, the views had ${eventId}`;
}

/** Erasing a session removes its events; its tombstone, later on the log, is then the only proof of them. */
async function whyGone({ sequence, sessionId }: Checkpoint, log: ReadableLog): Promise<string | undefined> {
  const last = await log.last(sessionId);
  if (last?.event.type === 'session.erased' && last.sequence > sequence) return undefined;
  return `event ${sequence} is gone from the log, and session ${sessionId} was not erased`;
}
