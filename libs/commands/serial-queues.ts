interface Waiting {
  go: () => void;
  refuse: (reason: unknown) => void;
}

interface Queue {
  urgent: Waiting[];
  others: Waiting[];
}

/** Runs work one at a time for each key, in the order of arrival; urgent work comes before all that waits. */
export class SerialQueues {
  private readonly queues = new Map<string, Queue>();

  /** Work that waits for its turn, of all keys. */
  get waiting(): number {
    let count = 0;
    for (const { urgent, others } of this.queues.values()) count += urgent.length + others.length;
    return count;
  }

  async run<T>(key: string, urgent: boolean, work: () => Promise<T>): Promise<T> {
    await this.turn(key, urgent);
    try {
      return await work();
    } finally {
      this.next(key);
    }
  }

  /** Refuses what waits, except urgent work, for a reason that would meet each of them in turn. */
  refuseWaiting(key: string, reason: unknown): void {
    const waiting = this.queues.get(key)?.others.splice(0) ?? [];
    for (const { refuse } of waiting) refuse(reason);
  }

  private turn(key: string, urgent: boolean): Promise<void> | undefined {
    const queue = this.queues.get(key);
    if (queue === undefined) {
      this.queues.set(key, { urgent: [], others: [] });
      return undefined;
    }
    return new Promise((go, refuse) => (urgent ? queue.urgent : queue.others).push({ go, refuse }));
  }

  private next(key: string): void {
    const queue = this.queues.get(key);
    const next = queue?.urgent.shift() ?? queue?.others.shift();
    if (next === undefined) this.queues.delete(key);
    else next.go();
  }
}
