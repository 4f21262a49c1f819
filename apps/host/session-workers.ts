interface Worker {
  /** Something happened since the worker last looked. */
  again: boolean;
  /** Somebody waits for the worker and brings the session again when it fails. */
  held: boolean;
  done: Promise<void>;
}

/**
 * One worker a session. Waking is level-triggered: a worker looks at the session again after each wake, so it does not
 * matter how many events there were, or in which order they came.
 */
export class SessionWorkers {
  private readonly workers = new Map<string, Worker>();

  constructor(private readonly work: (sessionId: string) => Promise<void>) {}

  /** Sessions that are worked on. */
  get size(): number {
    return this.workers.size;
  }

  /**
   * Rejects when the work failed and the session must be brought again.
   * @param hold wait until the worker is done, unless somebody else does already
   */
  wake(sessionId: string, hold: boolean): Promise<void> {
    const worker = this.workers.get(sessionId);
    if (worker === undefined) return this.start(sessionId, hold);
    worker.again = true;
    if (worker.held || !hold) return Promise.resolve();
    worker.held = true;
    return worker.done;
  }

  private start(sessionId: string, hold: boolean): Promise<void> {
    const worker: Worker = { again: true, held: hold, done: Promise.resolve() };
    this.workers.set(sessionId, worker);
    worker.done = this.run(sessionId, worker);
    return worker.done;
  }

  private async run(sessionId: string, worker: Worker): Promise<void> {
    try {
      while (worker.again) {
        worker.again = false;
        await this.work(sessionId);
      }
    } finally {
      this.workers.delete(sessionId);
    }
  }
}
