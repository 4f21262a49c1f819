import type { RecordedEvent } from '../event-store.js';
import type { StoredMessage } from './reader.js';

const MOST_MESSAGES = 512;
const MOST_BYTES = 512 * 1024;

/** A message that several followers may read; it is parsed once for all of them. */
export interface FeedMessage extends StoredMessage {
  event?: Promise<RecordedEvent | undefined>;
}

/**
 * What one follower still has to take. It holds so much and no more: when the follower is too slow for that, all of it
 * is dropped and the iteration ends, and the follower reads from the log what it missed.
 */
export class FeedSubscription implements AsyncIterable<FeedMessage> {
  readonly #signal: AbortSignal;
  #messages: FeedMessage[] = [];
  #bytes = 0;
  #overflowed = false;
  #failure: { error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Forgets what came before. */
  begin(): void {
    this.#messages = [];
    this.#bytes = 0;
    this.#overflowed = false;
  }

  offer(message: FeedMessage): void {
    if (this.#overflowed) return;
    this.#bytes += message.data.length;
    if (this.#messages.length >= MOST_MESSAGES || this.#bytes > MOST_BYTES) {
      this.begin();
      this.#overflowed = true;
    } else {
      this.#messages.push(message);
    }
    this.#wake();
  }

  /** Ends the follower with an error, once. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** Ends when the signal aborts, and when something was dropped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<FeedMessage, void, void> {
    const wake = (): void => this.#wake();
    this.#signal.addEventListener('abort', wake);
    try {
      while (!this.#signal.aborted) {
        if (this.#failure !== undefined) throw this.#failure.error;
        const message = this.#messages.shift();
        if (message !== undefined) {
          this.#bytes -= message.data.length;
          yield message;
        } else if (this.#overflowed) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      this.#signal.removeEventListener('abort', wake);
    }
  }
}
