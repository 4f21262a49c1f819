import type { Backlog, ConsumeOptions } from '../event-store.js';
import { retryDelay } from '../retry-delay.js';
import type { MemoryLog } from './memory-log.js';

interface Work {
  sequence: number;
  attempt: number;
}

/** What one durable name remembers: how far it came, and what comes again. */
export class MemoryConsumer {
  readonly #log: MemoryLog;
  #position: number;
  #again: Work[] = [];
  #unfinished = 0;
  #wake = new AbortController();

  constructor(log: MemoryLog, startAfter = 0) {
    this.#log = log;
    this.#position = Math.min(startAfter, log.lastSequence);
  }

  backlog(): Backlog {
    return { waiting: this.#log.lastSequence - this.#position, unfinished: this.#unfinished };
  }

  async consume(options: ConsumeOptions): Promise<void> {
    const { signal, concurrency } = options;
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      const work = running.size < concurrency ? this.#next(options.types) : undefined;
      if (work === undefined) {
        await this.#somethingToDo(signal, running, concurrency);
        continue;
      }
      const done = this.#handle(work, options).finally(() => running.delete(done));
      running.add(done);
    }
    await Promise.all(running);
  }

  #next(types: ConsumeOptions['types']): Work | undefined {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    while (this.#position < this.#log.lastSequence) {
      this.#position += 1;
      const type = this.#log.typeAt(this.#position);
      if (type === undefined || !types.has(type)) continue;
      this.#unfinished += 1;
      return { sequence: this.#position, attempt: 1 };
    }
    return undefined;
  }

  async #handle(work: Work, { handle, types, onFailure }: ConsumeOptions): Promise<void> {
    const recorded = this.#log.at(work.sequence);
    if (recorded === undefined || !types.has(recorded.event.type)) {
      this.#unfinished -= 1;
      return;
    }
    const delivery = { ...recorded, attempt: work.attempt };
    try {
      await handle(delivery);
      this.#unfinished -= 1;
    } catch (error) {
      onFailure?.(error, delivery);
      const later = () => this.#redeliver({ ...work, attempt: work.attempt + 1 });
      setTimeout(later, retryDelay(work.attempt)).unref();
    }
  }

  #redeliver(work: Work): void {
    this.#again.push(work);
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** New events (while there is a free hand), a redelivery, a hand that gets free, or the end. */
  async #somethingToDo(signal: AbortSignal, running: Set<Promise<void>>, concurrency: number): Promise<void> {
    const stopWaiting = new AbortController();
    const until = AbortSignal.any([signal, this.#wake.signal, stopWaiting.signal]);
    const position = running.size < concurrency ? this.#position : Infinity;
    await Promise.race([...running, this.#log.grownPast(position, until)]);
    stopWaiting.abort();
  }
}
