/** Hands pushed items to one async iteration, in order; ends when the signal aborts or the iteration is left. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  #items: T[] = [];
  #wake: (() => void) | undefined;

  /** @param onEnd called once when nothing is taken any more */
  constructor(signal: AbortSignal, onEnd: () => void) {
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal.aborted) onEnd();
    else signal.addEventListener('abort', this.#end);
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    try {
      while (!this.#signal.aborted) {
        const items = this.#items;
        this.#items = [];
        for (const item of items) {
          yield item;
          if (this.#signal.aborted) return;
        }
        if (this.#items.length === 0) await this.#pushedOrAborted();
      }
    } finally {
      this.#end();
    }
  }

  readonly #end = (): void => {
    this.#signal.removeEventListener('abort', this.#end);
    this.#onEnd();
    this.#wake?.();
  };

  #pushedOrAborted(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#signal.aborted) resolve();
    });
  }
}
