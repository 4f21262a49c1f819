import type { EventEnvelope } from '#domain';

/** Longer than an idempotency key is claimed for. */
const KEPT_MS = 3 * 24 * 60 * 60_000;
/** A key of common length, its place, and what the map takes for both. */
const ENTRY_BYTES = 256;

export interface CommandPlace {
  version: number;
  sequence: number;
}

/**
 * Which commands with an idempotency key a session has carried out, and where it was after each. Only ever grows by
 * what is on the log, so the states of a session share one; what is too old to be asked for is dropped.
 */
export class CommandIndex {
  private readonly places = new Map<string, CommandPlace & { at: number }>();

  /** Estimated memory. */
  get bytes(): number {
    return this.places.size * ENTRY_BYTES;
  }

  find(key: string): CommandPlace | undefined {
    const found = this.places.get(key);
    return found && { version: found.version, sequence: found.sequence };
  }

  add({ commandhash, commandid, time }: EventEnvelope, place: CommandPlace): void {
    if (commandhash === undefined) return;
    const at = Date.parse(time);
    this.places.delete(commandid);
    this.places.set(commandid, { ...place, at });
    for (const [key, oldest] of this.places) {
      if (at - oldest.at < KEPT_MS) break;
      this.places.delete(key);
    }
  }
}
