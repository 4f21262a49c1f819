import { setTimeout as delay } from 'node:timers/promises';
import type { Bucket } from '../bucket.js';
import { LeaseLostError, parseHolder, sameHolder, type LeaseHolder } from './lease-holder.js';
import type { LeaseTiming } from './leases.js';

/** A right that this process has until it gives it back, or is found not to have it any more. */
export interface Lease {
  readonly holder: LeaseHolder;
  /** The revision at which it was taken: it grows with each taking, so a later holder has a higher one. */
  readonly token: number;
  /** Certainly held now. False after a pause of the process or of the log, until `confirm` says more. */
  readonly isCertain: boolean;
  /** Aborts, with a LeaseLostError, when somebody else has the lease. */
  readonly lost: AbortSignal;
  /**
   * Resolves when the lease is certainly held, which after a pause takes a renewal. To be called before every act that
   * only the holder may do.
   * @throws LeaseLostError
   */
  confirm(): Promise<void>;
  /** Gives it back, so that others need not wait. */
  release(): Promise<void>;
}

export interface LeaseParts {
  bucket: Bucket;
  key: string;
  holder: LeaseHolder;
  timing: LeaseTiming;
}

const RETRY_MS = 200;

/** Renews itself until it is released or lost. */
export class HeldLease implements Lease {
  private readonly losing = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private renewing: Promise<void> | undefined;
  readonly lost = this.losing.signal;

  /** Undefined when somebody else wrote after `revision`. */
  static async take(parts: LeaseParts, revision: number): Promise<HeldLease | undefined> {
    const clock = new Clock();
    const token = await parts.bucket.put(parts.key, JSON.stringify(parts.holder), revision);
    return token === undefined ? undefined : new HeldLease(parts, token, clock);
  }

  private constructor(
    private readonly parts: LeaseParts,
    readonly token: number,
    /** Since the start of the last renewal. */
    private sinceRenewal: Clock,
    private revision = token,
  ) {
    this.timer = setInterval(() => void this.renew(), parts.timing.renewMs).unref();
  }

  get holder(): LeaseHolder {
    return this.parts.holder;
  }

  get isCertain(): boolean {
    return !this.lost.aborted && this.sinceRenewal.elapsedMs() < this.parts.timing.validMs;
  }

  async confirm(): Promise<void> {
    while (!this.isCertain) {
      this.lost.throwIfAborted();
      await this.renew();
      if (!this.isCertain) await delay(RETRY_MS);
    }
  }

  async release(): Promise<void> {
    clearInterval(this.timer);
    await this.renewing;
    if (this.lost.aborted) return;
    this.lose(undefined);
    await this.parts.bucket.write(this.parts.key, undefined, this.revision);
  }

  private renew(): Promise<void> {
    this.renewing ??= this.renewOnce().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  /** While the log does not answer nobody else can take the lease either, so the next try decides. */
  private async renewOnce(): Promise<void> {
    const { bucket, key, holder } = this.parts;
    const clock = new Clock();
    try {
      const revision = await bucket.put(key, JSON.stringify(holder), this.revision);
      if (revision !== undefined) {
        this.revision = revision;
        this.sinceRenewal = clock;
        return;
      }
      const entry = await bucket.read(key);
      const found = parseHolder(entry?.value);
      // A renewal that seemed to fail had been written.
      if (entry !== undefined && found !== undefined && sameHolder(found, holder))
        this.revision = entry.revision;
      else this.lose(found);
    } catch {
      return;
    }
  }

  private lose(to: LeaseHolder | undefined): void {
    clearInterval(this.timer);
    this.losing.abort(new LeaseLostError(this.parts.key, to));
  }
}

/**
 * Time since it was made. The monotonic clock stands still while the machine sleeps, and the other one can be set, so
 * the longer time counts.
 */
class Clock {
  private readonly monotonic = performance.now();
  private readonly wall = Date.now();

  elapsedMs(): number {
    return Math.max(performance.now() - this.monotonic, Date.now() - this.wall);
  }
}
