import { Follower } from './follower.js';
import type { ViewsHealth, ViewsLog } from './health.js';
import { LiveFile, reopen } from './live-file.js';
import { lastEventOf } from './log-end.js';
import type { Projection } from './projection.js';
import { isStorageFault, removeDatabase } from './database.js';
import { buildInWorker, type RebuildWorker } from './rebuild-in-worker.js';
import { buildFile, catchUp } from './rebuild.js';
import type { ReadableLog } from './verify.js';
import { noRoomToRebuild, type ViewReader } from './view-reader.js';
import { Waiters } from './waiters.js';

export interface ViewsOptions {
  log: ReadableLog;
  /** Folder of the file, made with mode 0700. For one process only. */
  dir: string;
  projections: readonly Projection[];
  logger: ViewsLog;
  /** Sequences of poison events to pass over. */
  skip?: ReadonlySet<number>;
  /** A thread for rebuilds; left out, they go in slices of one batch in this one. */
  rebuildWorker?: RebuildWorker;
  /** How often it is made sure that the log is still the same; default 5 s. */
  verifyEveryMs?: number;
}

export interface RebuildReport {
  /** Position of the views after the swap. */
  sequence: number;
  tookMs: number;
}

/** All views of a node: one file, fed in order from the log, each event exactly once. */
export class Views {
  private readonly follower: Follower;
  private readonly waiters = new Waiters();
  private readonly listeners = new Set<(sequence: number) => void>();
  private readonly closing = new AbortController();
  private rebuilding: Promise<RebuildReport> | undefined;
  private told = 0;

  private constructor(
    private readonly options: ViewsOptions,
    private readonly live: LiveFile,
  ) {
    const { log, logger, verifyEveryMs = 5_000 } = options;
    this.follower = new Follower(log, live, logger, verifyEveryMs, () => this.changed());
    this.told = this.position();
    live.reader.onDamage = (error) => this.follower.heal(error);
  }

  /**
   * Opens the views and begins to follow the log. Views that do not fit the log or the projections begin anew.
   * @throws LogError when the log cannot be read, SqliteError when the folder cannot be written
   */
  static async open(options: ViewsOptions): Promise<Views> {
    const { log, dir, projections, logger, skip = new Set<number>() } = options;
    const { created } = await log.info();
    const live = LiveFile.open(dir, projections, skip, created);
    if (live.startedAnew) {
      logger.warn({ dir }, 'the views begin anew: their file is damaged, or of another version of Raworc');
    }
    const views = new Views(options, live);
    await views.follower.verify();
    views.follower.start();
    return views;
  }

  /** For queries; stays valid over rebuilds. */
  get reader(): ViewReader {
    return this.live.reader;
  }

  /** Sequence of the last event that queries see. */
  position(): number {
    return this.follower.position;
  }

  /** How many positions of the log the views are behind. */
  async lag(): Promise<number> {
    return Math.max(0, (await lastEventOf(this.options.log)) - this.position());
  }

  /** True once queries see everything that is on the log now; as `waitFor`. */
  async caughtUp(deadlineMs: number): Promise<boolean> {
    return this.waitFor(await lastEventOf(this.options.log), deadlineMs);
  }

  health(): ViewsHealth {
    if (this.closing.signal.aborted) return { status: 'stopped', sequence: this.position() };
    return this.follower.health;
  }

  /** True once queries see this event; false when they do not within `deadlineMs`, or cannot any more. */
  async waitFor(sequence: number, deadlineMs: number): Promise<boolean> {
    if (this.position() >= sequence) return true;
    const { status } = this.health();
    return status === 'halted' || status === 'stopped' ? false : this.waiters.wait(sequence, deadlineMs);
  }

  /** Calls back with the position whenever it has changed; returns how to stop that. */
  onApplied(listener: (sequence: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Builds all views anew from the log and swaps them in; queries go on meanwhile, and the position never goes back.
   * A rebuild that runs already is joined. When it fails, the views stay as they were.
   * @throws PoisonEventError LogError, ViewUnavailableError when the disk has no room
   */
  rebuild(): Promise<RebuildReport> {
    this.rebuilding ??= this.runRebuild().finally(() => (this.rebuilding = undefined));
    return this.rebuilding;
  }

  /** Stops following and closes the file; a running rebuild is given up. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    await this.rebuilding?.catch(() => undefined);
    await this.follower.stop();
    this.waiters.giveUp();
    this.live.close();
  }

  private async runRebuild(): Promise<RebuildReport> {
    const began = performance.now();
    try {
      await this.build();
      await this.takeOver();
    } catch (error) {
      removeDatabase(this.live.next.path);
      throw isStorageFault(error) ? noRoomToRebuild(String(error), { cause: error }) : error;
    }
    const report = { sequence: this.position(), tookMs: Math.round(performance.now() - began) };
    this.options.logger.info(report, 'the views were rebuilt');
    return report;
  }

  private build(): Promise<void> {
    const { log, rebuildWorker } = this.options;
    const { signal } = this.closing;
    if (rebuildWorker === undefined) return buildFile(log, this.live.next, signal);
    return buildInWorker(rebuildWorker, this.live.next, signal);
  }

  /** The old file rests while the new one gets the last events. */
  private async takeOver(): Promise<void> {
    await this.follower.stop();
    try {
      const next = reopen(this.live.next);
      await catchUp(this.options.log, next, this.closing.signal).catch((error: unknown) => {
        next.close();
        throw error;
      });
      this.live.swapIn(next);
    } finally {
      if (!this.closing.signal.aborted) this.follower.start();
    }
  }

  private changed(): void {
    const sequence = this.position();
    this.waiters.reached(sequence);
    if (this.follower.health.status === 'halted') this.waiters.giveUp();
    if (sequence === this.told) return;
    this.told = sequence;
    for (const listener of this.listeners) this.tell(listener, sequence);
  }

  private tell(listener: (sequence: number) => void, sequence: number): void {
    try {
      listener(sequence);
    } catch (error) {
      this.options.logger.error({ err: error, sequence }, 'a listener to the views failed');
    }
  }
}
