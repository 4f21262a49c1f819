import { setTimeout as delay } from 'node:timers/promises';
import type { Bucket, Entry } from '../bucket.js';
import { assertToken } from '../tokens.js';
import { HeldLease, type Lease } from './held-lease.js';
import { LeaseHeldError, parseHolder, sameHolder, type LeaseHolder } from './lease-holder.js';

/**
 * Milliseconds. A holder stops acting `validMs` after the start of its last renewal, by its own clock; others take the
 * lease when it was not renewed for `takeAfterMs`, by theirs. No two clocks are ever compared.
 */
export interface LeaseTiming {
  renewMs: number;
  validMs: number;
  takeAfterMs: number;
}

export const LEASE_TIMING: LeaseTiming = { renewMs: 2_000, validMs: 6_000, takeAfterMs: 8_000 };

/** How often a holder is looked at while it is not known whether it still renews. */
const LOOK_MS = 250;

export interface TakeOptions {
  holder: LeaseHolder;
  /** Whether a holder is known to be dead, so that nothing has to be waited for. */
  isDead?: (holder: LeaseHolder) => boolean;
  signal?: AbortSignal;
}

/** Rights that one process has at a time, each under a key; kept as revisions of a bucket. */
export interface Leases {
  /**
   * Takes a lease that is free, or whose holder does not renew it any more; the latter takes as long as it has to be
   * watched.
   * @throws LeaseHeldError when its holder renews it
   * @throws LogError
   */
  take(key: string, options: TakeOptions): Promise<Lease>;
  /** The holder as noted, alive or not. */
  holder(key: string): Promise<LeaseHolder | undefined>;
  /** The holder, if it is seen to renew the lease. Takes as long as it has to be watched. */
  livingHolder(key: string, signal?: AbortSignal): Promise<LeaseHolder | undefined>;
}

export function createLeases(bucket: Bucket, timing: LeaseTiming = LEASE_TIMING): Leases {
  const find = async (key: string) => {
    assertToken(key);
    const entry = await bucket.read(key);
    const holder = entry && parseHolder(entry.value);
    return entry && holder && { entry, holder };
  };

  /** True when the entry stayed as it is for as long as a holder may go without renewing it. */
  const isAbandoned = async (key: string, { revision }: Entry, signal?: AbortSignal): Promise<boolean> => {
    const until = performance.now() + timing.takeAfterMs;
    while (performance.now() < until) {
      await delay(Math.min(LOOK_MS, timing.renewMs), undefined, { signal });
      if ((await bucket.read(key))?.revision !== revision) return false;
    }
    return true;
  };

  return {
    async take(key, { holder, isDead = () => false, signal }) {
      for (;;) {
        const found = await find(key);
        if (found !== undefined && !isDead(found.holder) && !(await isAbandoned(key, found.entry, signal))) {
          const now = await find(key);
          // Given back or taken over meanwhile: it is looked at anew.
          if (now === undefined || !sameHolder(now.holder, found.holder)) continue;
          throw new LeaseHeldError(key, now.holder);
        }
        const revision = found?.entry.revision ?? (await bucket.read(key))?.revision ?? 0;
        const lease = await HeldLease.take({ bucket, key, holder, timing }, revision);
        if (lease !== undefined) return lease;
      }
    },

    async holder(key) {
      return (await find(key))?.holder;
    },

    async livingHolder(key, signal) {
      const found = await find(key);
      if (found === undefined || (await isAbandoned(key, found.entry, signal))) return undefined;
      return (await find(key))?.holder;
    },
  };
}
