import type { ExecOptions } from '../computer.js';

/** The longest time a timer of Node can wait; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Watches over a command: its time limit and its caller's signal. Ends it once, by whichever comes first. */
export class Interruption {
  private reason: 'timed_out' | 'cancelled' | undefined;
  private ended: Promise<void> | undefined;
  private readonly timer: NodeJS.Timeout;
  private readonly onAbort = (): void => this.interrupt('cancelled');

  constructor(
    private readonly options: Pick<ExecOptions, 'timeoutMs' | 'signal'>,
    private readonly end: () => Promise<void>,
  ) {
    this.timer = setTimeout(() => this.interrupt('timed_out'), Math.min(options.timeoutMs, MAX_TIMER_MS));
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
    if (options.signal?.aborted) this.onAbort();
  }

  /** To be called when the command is over. Says why it was ended, if it was, when that is done. */
  async settle(): Promise<'timed_out' | 'cancelled' | undefined> {
    clearTimeout(this.timer);
    this.options.signal?.removeEventListener('abort', this.onAbort);
    await this.ended;
    return this.reason;
  }

  private interrupt(reason: 'timed_out' | 'cancelled'): void {
    this.reason ??= reason;
    if (this.ended) return;
    this.ended = this.end();
    // A failure is thrown by `settle`; until then it counts as handled.
    this.ended.catch(() => undefined);
  }
}
