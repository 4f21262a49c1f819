import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';

const REMEMBERED_SESSIONS = 10_000;

/** Gives each screen time to show what the last action led to; who did nothing does not wait. */
export class Settling {
  private readonly lastInput = new LRUCache<string, number>({ max: REMEMBERED_SESSIONS });

  constructor(private readonly settleMs: number) {}

  /** An action has just reached the session's screen. */
  disturbed(sessionId: string): void {
    this.lastInput.set(sessionId, performance.now());
  }

  /** Resolves when the screen can be looked at; rejects at once when the signal aborts. */
  async settled(sessionId: string, signal: AbortSignal): Promise<void> {
    const since = performance.now() - (this.lastInput.get(sessionId) ?? -Infinity);
    if (since < this.settleMs) await delay(this.settleMs - since, undefined, { signal });
  }
}
