import type { JetStreamManager } from '@nats-io/jetstream';
import { beyondEnd } from '../beyond-end.js';
import { LogError } from '../event-store.js';

/** How far somebody has come on the log. */
export interface Progress {
  /** Sequence of the last event received, or where it was begun after. */
  sequence: number;
  /** When the log stored that event, in unix seconds; undefined while that is not known. */
  storedAt: number | undefined;
}

/** Both ways to learn of it cut to milliseconds, and one of them rounds on its way through fractions of seconds. */
const SAME_TIME_SECONDS = 0.0015;

/**
 * A log that lost its end in a crash of its machine, was restored from a backup or was made anew does not reach a
 * position any more that it had reached, or has another event there. Whoever went on from there would miss what comes
 * until then without a sign.
 * @throws LogError `cursor_invalid`
 */
export async function requireContinuation(
  jsm: JetStreamManager,
  stream: string,
  { sequence, storedAt }: Progress,
): Promise<void> {
  const { state } = await jsm.streams.info(stream);
  if (state.last_seq < sequence) throw beyondEnd(sequence, state.last_seq);
  if (storedAt === undefined || sequence === 0) return;
  const message = await jsm.streams.getMessage(stream, { seq: sequence });
  // One that was erased proves nothing.
  if (message === null || Math.abs(message.time.getTime() / 1000 - storedAt) < SAME_TIME_SECONDS) return;
  throw new LogError(
    'cursor_invalid',
    `The log has another event at sequence ${sequence} than it had: it was restored, or lost its end in a crash. Read again from the beginning.`,
  );
}
