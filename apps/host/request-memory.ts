/** Requests below this size never wait: those that make up the memory are the ones with pictures. */
const SMALL_BYTES = 1024 * 1024;

interface Waiting {
  bytes: number;
  admit: () => void;
}

/**
 * Holds large requests back while those of other sessions, which stay in memory until they are answered, take up what
 * there is for all of them together. First come, first served.
 */
export class RequestMemory {
  private used = 0;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly limitBytes: number) {}

  /** Runs the task as soon as its request fits. One that is larger than the limit runs alone. */
  async hold<T>(bytes: number, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    if (bytes <= SMALL_BYTES) return task();
    await this.admission(bytes, signal);
    try {
      return await task();
    } finally {
      this.used -= bytes;
      this.admitNext();
    }
  }

  private admission(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
        this.admitNext();
      };
      const admit = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const entry: Waiting = { bytes, admit };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.push(entry);
      this.admitNext();
    });
  }

  private admitNext(): void {
    for (let next = this.waiting[0]; next !== undefined && this.fits(next); next = this.waiting[0]) {
      this.waiting.shift();
      this.used += next.bytes;
      next.admit();
    }
  }

  private fits({ bytes }: Waiting): boolean {
    return this.used === 0 || this.used + bytes <= this.limitBytes;
  }
}
