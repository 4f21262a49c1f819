interface Entry {
  running: Promise<void>;
  /** One more run, shared by everybody who asked since this one began. */
  next?: Promise<void>;
}

/** A task that takes longer goes on without its slot, so that no number of slow ones keeps the others waiting. */
const SLOW_MS = 2_000;

/** Runs a task once at a time per key. At most `slots` tasks are in their first seconds. */
export class Coalescer {
  private readonly entries = new Map<string, Entry>();
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly task: (key: string) => Promise<void>,
    private freeSlots: number,
  ) {}

  /** Resolves when a run that began after this call is over; rejects as that run does. */
  run(key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (entry === undefined) return this.begin(key);
    const again = () => this.begin(key);
    entry.next ??= entry.running.then(again, again);
    return entry.next;
  }

  /** Keys whose task runs or waits for a slot. */
  get size(): number {
    return this.entries.size;
  }

  /** Resolves when everything asked for so far is over. */
  async settled(): Promise<void> {
    while (this.entries.size > 0) {
      await Promise.allSettled([...this.entries.values()].map(({ next, running }) => next ?? running));
    }
  }

  private begin(key: string): Promise<void> {
    const entry: Entry = { running: this.inSlot(key) };
    this.entries.set(key, entry);
    const end = () => {
      if (entry.next === undefined) this.entries.delete(key);
    };
    entry.running.then(end, end);
    return entry.running;
  }

  private async inSlot(key: string): Promise<void> {
    if (this.freeSlots > 0) this.freeSlots -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    let holds = true;
    const leave = () => {
      if (holds) this.leaveSlot();
      holds = false;
    };
    const slow = setTimeout(leave, SLOW_MS);
    try {
      await this.task(key);
    } finally {
      clearTimeout(slow);
      leave();
    }
  }

  private leaveSlot(): void {
    const handOver = this.waiting.shift();
    if (handOver === undefined) this.freeSlots += 1;
    else handOver();
  }
}
