interface Waiter {
  sequence: number;
  settle: (reached: boolean) => void;
}

/** Those who wait until the views have an event. */
export class Waiters {
  private readonly waiting = new Set<Waiter>();

  /** True once the sequence is reached, false after `milliseconds` or when waiting has become pointless. */
  wait(sequence: number, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(waiter);
        resolve(reached);
      };
      const waiter = { sequence, settle };
      const timer = setTimeout(() => settle(false), milliseconds);
      this.waiting.add(waiter);
    });
  }

  reached(position: number): void {
    for (const waiter of this.waiting) if (waiter.sequence <= position) waiter.settle(true);
  }

  giveUp(): void {
    for (const waiter of this.waiting) waiter.settle(false);
  }
}
