interface Attempts {
  failed: number;
  timer?: NodeJS.Timeout;
}

/** Counts failed starts per session and wakes up for the next attempt. Kept in memory: a new process begins anew. */
export class RetrySchedule {
  private readonly attempts = new Map<string, Attempts>();

  constructor(
    private readonly delaysMs: readonly number[],
    private readonly retry: (sessionId: string) => void,
  ) {}

  /** Counts a failed attempt; the result is its number and whether it was the last one. */
  failed(sessionId: string): { attempt: number; last: boolean } {
    const entry = this.attempts.get(sessionId) ?? { failed: 0 };
    entry.failed += 1;
    this.attempts.set(sessionId, entry);
    return { attempt: entry.failed, last: entry.failed > this.delaysMs.length };
  }

  failures(sessionId: string): number {
    return this.attempts.get(sessionId)?.failed ?? 0;
  }

  scheduleNext(sessionId: string): void {
    const entry = this.attempts.get(sessionId);
    const delayMs = this.delaysMs[(entry?.failed ?? 0) - 1];
    if (entry === undefined || delayMs === undefined) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => {
      delete entry.timer;
      this.retry(sessionId);
    }, delayMs).unref();
  }

  /** The next attempt is not due yet. */
  isWaiting(sessionId: string): boolean {
    return this.attempts.get(sessionId)?.timer !== undefined;
  }

  /** Success, or somebody asks anew: attempts count from one again. */
  forget(sessionId: string): void {
    clearTimeout(this.attempts.get(sessionId)?.timer);
    this.attempts.delete(sessionId);
  }

  stop(): void {
    for (const sessionId of [...this.attempts.keys()]) this.forget(sessionId);
  }
}
