import type { RecordedEvent } from '#event-store';

/** Which event a view could not take, and why. */
export interface Poison {
  sequence: number;
  type: string;
  reason: string;
}

/** A projection failed on an event. */
export class PoisonEventError extends Error {
  override readonly name = 'PoisonEventError';
  readonly poison: Poison;
  constructor(poison: Poison, options?: ErrorOptions) {
    super(
      `The views cannot take event ${poison.sequence} (${poison.type}): ${poison.reason}. ` +
        `Repair the projection, or skip the event explicitly.`,
      options,
    );
    this.poison = poison;
  }
}

export function poisonOf({ sequence, event }: RecordedEvent, cause: unknown): PoisonEventError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PoisonEventError({ sequence, type: event.type, reason }, { cause });
}

/** Takes the event's place, so that its session says what happened and the views go on. */
export function placeholderOf(recorded: RecordedEvent, { sequence, type, reason }: Poison): RecordedEvent {
  const what = `the event at sequence ${sequence} (${type}) cannot be shown: ${reason}`;
  const data = { type, problem: 'wrong_data' as const, reason: what };
  return { ...recorded, event: { ...recorded.event, type: 'event.unreadable', data } };
}
