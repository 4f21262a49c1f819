import { setImmediate, setTimeout } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import type { ViewsHealth, ViewsLog } from './health.js';
import { isDamaged } from './database.js';
import type { LiveFile } from './live-file.js';
import { lastEventOf } from './log-end.js';
import { PoisonEventError } from './poison.js';
import { MAX_BATCH } from './rebuild.js';
import { mismatch, type ReadableLog } from './verify.js';

const RETRY_MS = 1_000;

/** Takes the log into the file in use, in order, for as long as it is told to. */
export class Follower {
  private state: ViewsHealth;
  private goal = 0;
  private stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** Set when a query found damage; ends the iteration over the log. */
  private healing = new AbortController();

  constructor(
    private readonly log: ReadableLog,
    private readonly live: LiveFile,
    private readonly logger: ViewsLog,
    private readonly verifyEveryMs: number,
    /** Called when the position or the health has changed. */
    private readonly changed: () => void,
  ) {
    this.state = { status: 'catching_up', sequence: this.position };
  }

  get health(): ViewsHealth {
    return this.state;
  }

  get position(): number {
    return this.live.file.position.sequence;
  }

  start(): void {
    this.stopping = new AbortController();
    this.running = this.run(this.stopping.signal);
  }

  /** Resolves when nothing is being applied any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Views that are not of this log any more begin anew; false then. */
  async verify(): Promise<boolean> {
    const reason = await mismatch(this.live.file.position, this.log);
    if (reason === undefined) return true;
    const { created } = await this.log.info();
    this.logger.warn({ reason, sequence: this.position }, 'the views begin anew: they are not of this log');
    this.live.reset(created);
    return false;
  }

  /** The file is damaged: the views begin anew, without a restart. */
  heal(error: unknown): void {
    if (this.healing.signal.aborted) return;
    this.logger.error({ err: error, sequence: this.position }, 'the views begin anew: their file is damaged');
    this.healing.abort();
  }

  private async beginAnew(): Promise<void> {
    const { created } = await this.log.info();
    this.live.reset(created);
    this.healing = new AbortController();
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.follow(signal);
      } catch (error) {
        if (error instanceof PoisonEventError) return this.halt(error);
        const healed = this.healing.signal.aborted;
        if (isDamaged(error) || !this.live.isOpen) this.heal(error);
        // Beginning anew may fail too, such as on a full disk.
        if (await this.isOfShorterLog(error)) continue;
        if ((healed || !this.healing.signal.aborted) && !signal.aborted)
          await this.waitToRetry(error, signal);
      }
    }
  }

  /** The log lost its end, and the views have begun anew. */
  private async isOfShorterLog(error: unknown): Promise<boolean> {
    const isInvalid = error instanceof Error && 'code' in error && error.code === 'cursor_invalid';
    return isInvalid && !(await this.verify().catch(() => true));
  }

  private async follow(signal: AbortSignal): Promise<void> {
    if (this.healing.signal.aborted) await this.beginAnew();
    await this.verify();
    this.goal = await lastEventOf(this.log);
    this.settle();
    const over = new AbortController();
    const watch = setInterval(() => void this.watch(over), this.verifyEveryMs);
    try {
      await this.takeAll(AbortSignal.any([signal, over.signal, this.healing.signal]));
    } finally {
      clearInterval(watch);
    }
  }

  private async takeAll(signal: AbortSignal): Promise<void> {
    for await (const batch of this.log.followBatches({ after: this.position, maxBatch: MAX_BATCH, signal })) {
      if (signal.aborted || !(await this.continues(batch))) return;
      this.take(batch);
      await setImmediate();
    }
    if (!signal.aborted) throw new Error('The log stopped delivering events.');
  }

  /** A log that came back shorter, or as another, gives no sign to those who follow it: they wait for its growth. */
  private async watch(over: AbortController): Promise<void> {
    const reason = await mismatch(this.live.file.position, this.log).catch(() => undefined);
    if (reason !== undefined) over.abort();
  }

  /** Events from behind were delivered twice, or the log lost its tail and counts anew: then false. */
  private async continues([first]: readonly RecordedEvent[]): Promise<boolean> {
    return first === undefined || first.sequence > this.position || this.verify();
  }

  private take(batch: readonly RecordedEvent[]): void {
    try {
      for (const poison of this.live.file.append(batch)) {
        this.logger.error({ err: poison, ...poison.poison }, poison.message);
      }
    } finally {
      this.settle();
    }
  }

  private settle(): void {
    const sequence = this.position;
    this.update({ status: sequence < this.goal ? 'catching_up' : 'live', sequence });
  }

  private halt(error: PoisonEventError): void {
    this.logger.error({ err: error, ...error.poison }, error.message);
    this.update({ status: 'halted', ...error.poison });
  }

  private async waitToRetry(error: unknown, signal: AbortSignal): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    const sequence = this.position;
    this.logger.warn({ err: error, sequence }, 'the views cannot go on; trying again');
    this.update({ status: 'retrying', sequence, reason });
    await setTimeout(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }

  private update(state: ViewsHealth): void {
    this.state = state;
    this.changed();
  }
}
