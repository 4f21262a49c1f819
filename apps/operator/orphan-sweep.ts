import type { Erasures } from '#commands';
import type { EventStore, KeptItem } from '#event-store';
import type { Logger } from '#runtime';
import type { SessionDirectory } from './ports.js';

export interface OrphanSweepParts {
  store: EventStore;
  directory: SessionDirectory;
  erasures: Erasures;
  logger: Logger;
  /** What is kept for a session that has no event is younger than this while the session is being made. */
  orphansAfterMs: number;
}

/** Items that one run looks at. */
const LOOKED_AT_ONCE = 500;

/**
 * Removes large values and attachments that no session has: put in the very moment of an erasure, or for a session that
 * a crash kept from being made. Each run looks at a part, and goes on where the last one ended.
 */
export class OrphanSweep {
  private place = 0;

  constructor(private readonly parts: OrphanSweepParts) {}

  async run(): Promise<void> {
    const { store, directory } = this.parts;
    const { items, next } = await store.kept(this.place, LOOKED_AT_ONCE);
    const newest = new Map<string, number>();
    for (const { sessionId, storedAt } of items) newest.set(sessionId, storedAt);
    for (const [sessionId, storedAt] of newest) {
      if (!directory.exists(sessionId)) await this.removeOrphan({ sessionId, storedAt });
    }
    this.place = next;
  }

  /** The log decides: views may be late, and a deleted session keeps what it has. */
  private async removeOrphan({ sessionId, storedAt }: KeptItem): Promise<void> {
    const { store, erasures, logger, orphansAfterMs } = this.parts;
    const last = await store.last(sessionId);
    const isErased = last?.event.type === 'session.erased';
    const isAbandoned = last === undefined && Date.now() - storedAt * 1000 >= orphansAfterMs;
    if (!isErased && !isAbandoned) return;
    await erasures.finish(sessionId);
    logger.info({ session: sessionId, erased: isErased }, 'removed data that no session has');
  }
}
