import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { RecordedEvent } from '#event-store';
import { removeDatabase } from './database.js';
import { PoisonEventError, type Poison } from './poison.js';
import type { Projection } from './projection.js';
import { rebuildInWorker, type RebuildWorker } from './rebuild-in-worker.js';
import { rebuildHere } from './rebuild-target.js';
import { catchUp, MAX_BATCH, replay } from './rebuild.js';
import { mismatch, type ReadableLog } from './verify.js';
import { ViewFile, type ViewFileOptions } from './view-file.js';
import { ViewReader } from './view-reader.js';
import { Waiters } from './waiters.js';

/** Where the views report; pino fits. */
export interface ViewsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ViewsOptions {
  log: ReadableLog;
  /** Folder of the file, made with mode 0700. One process only. */
  dir: string;
  projections: readonly Projection[];
  logger: ViewsLog;
  /** Sequences of poison events to pass over. */
  skip?: ReadonlySet<number>;
  /** Thread for rebuilds; null rebuilds in slices in this thread. Default: the compiled worker if it is there. */
  rebuildWorker?: RebuildWorker | null;
}

/** `retrying`: the log or the disk failed, it goes on by itself. `halted`: a person has to act. */
export type ViewsHealth =
  | { status: 'catching_up' | 'live' | 'stopped'; sequence: number }
  | { status: 'retrying'; sequence: number; reason: string }
  | ({ status: 'halted' } & Poison);

export interface RebuildReport {
  /** Position of the views after the swap. */
  sequence: number;
  tookMs: number;
}

const RETRY_MS = 1_000;
const FILE_NAME = 'views.db';
const REBUILD_NAME = 'views.rebuild.db';

/** All views of a node: one file, fed in order from the log, each event exactly once. */
export class Views {
  /** For queries; stays valid over rebuilds. */
  readonly reader: ViewReader;
  private readonly files: { live: ViewFileOptions; next: ViewFileOptions };
  private readonly waiters = new Waiters();
  private readonly listeners = new Set<(sequence: number) => void>();
  private state: ViewsHealth;
  /** End of the log when following began; up to there it is catching up. */
  private goal = 0;
  private stopping = new AbortController();
  private following: Promise<void> = Promise.resolve();
  private rebuilding: Promise<RebuildReport> | undefined;

  private constructor(
    private readonly options: ViewsOptions,
    private file: ViewFile,
  ) {
    this.files = fileOptions(options);
    this.reader = new ViewReader(this.files.live.path);
    this.state = { status: 'catching_up', sequence: this.position() };
  }

  /**
   * Opens the views and begins to follow the log. Views that do not fit the log or the projections begin anew.
   * @throws LogError when the log cannot be read, SqliteError when the folder cannot be written
   */
  static async open(options: ViewsOptions): Promise<Views> {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const { live, next } = fileOptions(options);
    removeDatabase(next.path);
    const { created } = await options.log.info();
    const file = ViewFile.open(live) ?? startAnew(options, live, created);
    const views = new Views(options, file);
    await views.verify();
    views.start();
    return views;
  }

  /** Sequence of the last event that queries see. */
  position(): number {
    return this.file.position.sequence;
  }

  /** How many positions of the log the views are behind. */
  async lag(): Promise<number> {
    const { lastSequence } = await this.options.log.info();
    return Math.max(0, lastSequence - this.position());
  }

  health(): ViewsHealth {
    return this.state;
  }

  /** True once queries see this event; false when they still do not after `deadlineMs`, or cannot any more. */
  async waitFor(sequence: number, deadlineMs: number): Promise<boolean> {
    if (this.position() >= sequence) return true;
    if (this.state.status === 'halted' || this.state.status === 'stopped') return false;
    return this.waiters.wait(sequence, deadlineMs);
  }

  /** Calls back with the position after each batch; returns how to stop that. */
  onApplied(listener: (sequence: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Builds all views anew from the log and swaps them in; queries go on meanwhile.
   * When it fails, the views stay as they were.
   */
  rebuild(): Promise<RebuildReport> {
    this.rebuilding ??= this.runRebuild().finally(() => (this.rebuilding = undefined));
    return this.rebuilding;
  }

  /** Stops following and closes the file. */
  async close(): Promise<void> {
    await this.rebuilding?.catch(() => undefined);
    await this.stop();
    this.state = { status: 'stopped', sequence: this.position() };
    this.waiters.giveUp();
    this.reader.close();
    this.file.close();
  }

  private start(): void {
    this.stopping = new AbortController();
    this.following = this.follow(this.stopping.signal);
  }

  private async stop(): Promise<void> {
    this.stopping.abort();
    await this.following;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.followOnce(signal);
      } catch (error) {
        if (error instanceof PoisonEventError) return this.halt(error);
        await this.retryLater(error, signal);
      }
    }
  }

  private async followOnce(signal: AbortSignal): Promise<void> {
    await this.verify();
    this.goal = (await this.options.log.info()).lastSequence;
    this.settle();
    const after = this.position();
    for await (const batch of this.options.log.followBatches({ after, maxBatch: MAX_BATCH, signal })) {
      if (signal.aborted) return;
      this.take(batch);
      await setImmediate();
    }
    if (!signal.aborted) throw new Error('The log stopped delivering events.');
  }

  private take(batch: readonly RecordedEvent[]): void {
    try {
      this.file.append(batch);
    } finally {
      this.settle();
    }
  }

  /** Makes the new position known. */
  private settle(): void {
    const sequence = this.position();
    this.state = { status: sequence < this.goal ? 'catching_up' : 'live', sequence };
    this.waiters.reached(sequence);
    for (const listener of this.listeners) {
      try {
        listener(sequence);
      } catch (error) {
        this.options.logger.error({ err: error, sequence }, 'a listener to the views failed');
      }
    }
  }

  private halt(error: PoisonEventError): void {
    this.state = { status: 'halted', ...error.poison };
    this.waiters.giveUp();
    this.options.logger.error({ err: error, ...error.poison }, error.message);
  }

  private async retryLater(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.state = { status: 'retrying', sequence: this.position(), reason };
    this.options.logger.warn(
      { err: error, sequence: this.position() },
      'the views cannot follow the log; trying again',
    );
    await setTimeout(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }

  /** Views that are not of this log any more begin anew. */
  private async verify(): Promise<void> {
    const reason = await mismatch(this.file.position, this.options.log);
    if (reason === undefined) return;
    this.options.logger.warn(
      { reason, sequence: this.position() },
      'the views are rebuilt: they are not of this log',
    );
    const { created } = await this.options.log.info();
    this.swapIn(ViewFile.create(this.files.next, created));
  }

  private async runRebuild(): Promise<RebuildReport> {
    const began = performance.now();
    const { log, logger } = this.options;
    const { created } = await log.info();
    const worker = workerOf(this.options);
    const target =
      worker === null
        ? rebuildHere(this.files.next, created)
        : rebuildInWorker(worker, this.files.next, created);
    try {
      await replay(log, target);
      await target.finish();
    } catch (error) {
      await target.abandon();
      removeDatabase(this.files.next.path);
      throw error;
    }
    await this.takeOver();
    const report = { sequence: this.position(), tookMs: Math.round(performance.now() - began) };
    logger.info(report, 'the views were rebuilt');
    return report;
  }

  /** The old file rests while the new one gets the last events, so that the position never goes back. */
  private async takeOver(): Promise<void> {
    await this.stop();
    try {
      const file = ViewFile.open(this.files.next);
      if (file === undefined)
        throw new Error(`The rebuilt ${this.files.next.path} was changed by another process.`);
      await catchUp(this.options.log, file);
      this.swapIn(file);
    } finally {
      this.start();
    }
  }

  /** Replaces the file in one go: no query runs in between. */
  private swapIn(next: ViewFile): void {
    next.close();
    this.reader.close();
    this.file.close();
    removeDatabase(this.files.live.path);
    renameSync(this.files.next.path, this.files.live.path);
    const file = ViewFile.open(this.files.live);
    if (file === undefined) throw new Error(`${this.files.live.path} was changed by another process.`);
    this.file = file;
    this.reader.reopen();
  }
}

function fileOptions({ dir, projections, skip = new Set<number>() }: ViewsOptions) {
  return {
    live: { path: join(dir, FILE_NAME), projections, skip },
    next: { path: join(dir, REBUILD_NAME), projections, skip },
  };
}

function startAnew({ logger }: ViewsOptions, options: ViewFileOptions, logCreated: string): ViewFile {
  if (existsSync(options.path)) {
    logger.warn(
      { path: options.path },
      'the views are rebuilt: the file is damaged, or of another version of Raworc',
    );
  }
  return ViewFile.create(options, logCreated);
}

function workerOf({ rebuildWorker }: ViewsOptions): RebuildWorker | null {
  if (rebuildWorker !== undefined) return rebuildWorker;
  const entry = new URL('./rebuild-worker.js', import.meta.url);
  return existsSync(entry) ? { entry } : null;
}
