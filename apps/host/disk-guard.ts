import { setTimeout as delay } from 'node:timers/promises';
import type { Computers, DiskUsage } from '#computers';
import type { Logger } from '#runtime';

const MIB = 1024 * 1024;

/** Between two looks while more is used than may be. */
const ABOVE_MS = 1_000;
/** Looks take this part of the time at most. */
const SHARE = 10;
/** Host's own log of the turn grows too. */
const SLACK_BYTES = MIB;
/** What one command gets, to make room, while more is used than may be. */
const MAKE_ROOM_MS = 60_000;

export interface DiskGuardParts {
  computers: Computers;
  sessionId: string;
  maxBytes: number;
  /** Between two looks. */
  everyMs: number;
  logger: Logger;
}

/** What work came to that was watched, and why it was ended, when it was. */
export interface Watched<T> {
  result: T | undefined;
  stopped: string | undefined;
}

/** What is known of a session's files, from one tool use and turn to the next. */
export class DiskKnowledge {
  usage: DiskUsage | undefined;
  lookedAt = performance.now();
  tookMs = 0;
  /** The log has it that there is more than may be. */
  told = false;
}

/** Holds a session to what its files may take up on the disk, while its tools are at work. */
export class DiskGuard {
  constructor(
    private readonly known: DiskKnowledge,
    private readonly parts: DiskGuardParts,
  ) {}

  /** Why nothing may be written now; undefined when it may. */
  async refusal(): Promise<string | undefined> {
    if (!this.isAbove) return undefined;
    await this.look();
    return this.isAbove ? `Nothing was done: ${this.reason()}` : undefined;
  }

  /**
   * Does work under a signal that aborts when the files grow beyond what they may take up, or, where they are there
   * already, beyond what they were: then there is still a way to make room.
   */
  async during<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<Watched<T>> {
    const full = new AbortController();
    const done = new AbortController();
    const before = this.isAbove ? this.known.usage : undefined;
    void this.watch(full, done.signal);
    try {
      const result = await work(AbortSignal.any([signal, full.signal]));
      if (full.signal.aborted) return { result, stopped: await this.afterStop() };
      return { result, stopped: before && (await this.hasGrown(before)) };
    } catch (error) {
      if (!full.signal.aborted || signal.aborted) throw error;
      return { result: undefined, stopped: await this.afterStop() };
    } finally {
      done.abort();
    }
  }

  /** Work may be over before a look at the files is: where there was too much already, one follows it. */
  private async hasGrown(before: DiskUsage): Promise<string | undefined> {
    await this.look();
    const { usage } = this.known;
    const countable = before.complete && usage?.complete;
    if (!this.isAbove || !countable || usage.bytes <= before.bytes + SLACK_BYTES) return undefined;
    return `It wrote more although there is too much already: ${this.reason()}`;
  }

  /** What to say on the log, once for each time that the limit is passed. */
  news(): string | undefined {
    if (this.known.told) return undefined;
    this.known.told = true;
    return `A tool was stopped, because ${this.reason()}`;
  }

  private async watch(full: AbortController, done: AbortSignal): Promise<void> {
    const startedAt = performance.now();
    const wasAbove = this.isAbove;
    if (wasAbove) await this.look();
    const start = this.known.usage;
    const countable = start?.complete !== false;
    const ceiling = wasAbove && countable ? (start?.bytes ?? 0) + SLACK_BYTES : 0;
    while (!done.aborted) {
      await delay(this.waitMs(), undefined, { signal: done }).catch(() => undefined);
      if (done.aborted) return;
      await this.look();
      const { usage } = this.known;
      const outOfTime = wasAbove && this.isAbove && performance.now() - startedAt > MAKE_ROOM_MS;
      const uncountable = usage?.complete === false && countable;
      const grown = (usage?.bytes ?? 0) > Math.max(this.parts.maxBytes, ceiling);
      if (outOfTime || uncountable || grown) return full.abort();
    }
  }

  /** What runs in the background may write on: then it ends too. */
  private async afterStop(): Promise<string> {
    await this.look();
    const left = this.known.usage?.bytes ?? 0;
    await delay(Math.min(ABOVE_MS, this.parts.everyMs));
    await this.look();
    const said = `It was stopped, because ${this.reason()}`;
    if ((this.known.usage?.bytes ?? 0) <= left + SLACK_BYTES) return said;
    const { computers, sessionId } = this.parts;
    await (await computers.shell(sessionId)).close();
    // What was written up to that end is not the next command's doing.
    await this.look();
    return `${said} Programs in the background wrote on, so all that the shell had started was ended; the next command gets a new one.`;
  }

  /** A computer that cannot be looked at now is looked at again. */
  private async look(): Promise<void> {
    const { computers, sessionId, logger } = this.parts;
    const { known } = this;
    const startedAt = performance.now();
    try {
      known.usage = await computers.diskUsage(sessionId);
      if (!this.isAbove) known.told = false;
    } catch (error) {
      logger.debug({ err: error }, 'what the files take up could not be counted');
    }
    known.lookedAt = performance.now();
    known.tookMs = known.lookedAt - startedAt;
  }

  private waitMs(): number {
    const everyMs = this.isAbove ? Math.min(ABOVE_MS, this.parts.everyMs) : this.parts.everyMs;
    return Math.max(
      0,
      this.known.lookedAt + Math.max(everyMs, SHARE * this.known.tookMs) - performance.now(),
    );
  }

  private get isAbove(): boolean {
    const { usage } = this.known;
    return usage !== undefined && (!usage.complete || usage.bytes > this.parts.maxBytes);
  }

  private reason(): string {
    const { usage } = this.known;
    const limit = `${inMib(this.parts.maxBytes)}, its limit of the disk (limits.disk_mb)`;
    const state =
      usage?.complete === false
        ? `this computer has so many files that what they take up could not be counted in time, and may take up ${limit}.`
        : `the files of this computer take up ${inMib(usage?.bytes ?? 0)} and may take up ${limit}.`;
    return (
      `${state} Delete what is not needed, such as caches and build results; ` +
      'du -xh -d 2 ~ /tmp | sort -h | tail shows where most of it is. ' +
      'Until then nothing can be written, and a command is stopped as soon as it writes.'
    );
  }
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
