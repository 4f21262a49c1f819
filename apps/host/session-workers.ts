interface Worker {
  /** Something happened since the worker last looked. */
  again: boolean;
  /** Somebody waits for the worker and brings the session again when it fails. */
  held: boolean;
  mayRecover: boolean;
  done: Promise<void>;
}

export interface Wish {
  /** Wait until the worker is done, unless somebody else does already. */
  hold: boolean;
  /** A running turn that nobody in this process works on was left by a crash. */
  mayRecover: boolean;
}

/**
 * One worker a session. Waking is level-triggered: a worker looks at the session again after each wake, so it does not
 * matter how many events there were, or in which order they came.
 */
export class SessionWorkers {
  private readonly workers = new Map<string, Worker>();

  constructor(private readonly work: (sessionId: string, mayRecover: boolean) => Promise<void>) {}

  /** Rejects when the work failed and the session must be brought again. */
  wake(sessionId: string, wish: Wish): Promise<void> {
    const worker = this.workers.get(sessionId);
    if (worker === undefined) return this.start(sessionId, wish);
    worker.again = true;
    worker.mayRecover ||= wish.mayRecover;
    if (worker.held || !wish.hold) return Promise.resolve();
    worker.held = true;
    return worker.done;
  }

  private start(sessionId: string, { hold, mayRecover }: Wish): Promise<void> {
    const worker: Worker = { again: true, held: hold, mayRecover, done: Promise.resolve() };
    this.workers.set(sessionId, worker);
    worker.done = this.run(sessionId, worker);
    return worker.done;
  }

  private async run(sessionId: string, worker: Worker): Promise<void> {
    try {
      while (worker.again) {
        worker.again = false;
        await this.work(sessionId, worker.mayRecover);
      }
    } finally {
      this.workers.delete(sessionId);
    }
  }
}
