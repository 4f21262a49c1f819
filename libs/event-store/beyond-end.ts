import { LogError } from './event-store.js';

/** Why nobody can go on after a sequence that the log does not reach. */
export function beyondEnd(sequence: number, lastSequence: number): LogError {
  return new LogError(
    'cursor_invalid',
    `The log ends at sequence ${lastSequence}, before ${sequence}: it lost its end in a crash, was restored, or this is the position of another log. Read again from the beginning.`,
  );
}
