import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { afterEach, expect, it, jest } from '@jest/globals';
import { LeaseHeldError, LeaseLostError, type LeaseHolder, type LeaseTiming } from '../leases/index.js';
import type { Subject } from './fixtures.js';

/** As the defaults are to each other, in a twentieth of the time. */
export const HASTY: LeaseTiming = { renewMs: 100, validMs: 300, takeAfterMs: 400 };

function newHolder(node = 'maple'): LeaseHolder {
  return { node, process: randomUUID(), where: `${node}, process 1`, since: 1_700_000_000 };
}

export function describeLeases(subject: Subject): void {
  afterEach(() => void jest.restoreAllMocks());

  /** What a pause of the process looks like to it: nothing was renewed, and the clock went on. */
  function passTime(milliseconds: number): void {
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + milliseconds);
  }

  it('gives a lease to exactly one of many', async () => {
    const { leases } = subject();
    const key = `lease-${randomUUID()}`;
    const takes = Array.from({ length: 5 }, () => leases.take(key, { holder: newHolder() }));
    const outcomes = await Promise.allSettled(takes);
    const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    // On a machine that stands still for longer than a lease lasts, a later one gets it; the earlier one has lost it.
    const held = await Promise.allSettled(taken.map((lease) => lease.confirm()));
    expect(held.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const lease of taken) await lease.release();
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LeaseHeldError);
    }
  });

  it('refuses one that its holder renews, and names the holder', async () => {
    const { leases } = subject();
    const key = `lease-${randomUUID()}`;
    const held = await leases.take(key, { holder: newHolder('oak') });
    await expect(leases.take(key, { holder: newHolder() })).rejects.toThrow(
      /oak, process 1 holds the lease .* since 2023-11-14T22:13:20/,
    );
    expect(await leases.livingHolder(key)).toEqual(held.holder);
    await held.confirm();
    await held.release();
    expect(await leases.livingHolder(key)).toBeUndefined();
  });

  it('is given at once when it was given back, or its holder is known to be dead', async () => {
    const { leases } = subject();
    const key = `lease-${randomUUID()}`;
    const first = await leases.take(key, { holder: newHolder() });
    const second = await leases.take(key, { holder: newHolder(), isDead: ({ node }) => node === 'maple' });
    expect(second.token).toBeGreaterThan(first.token);
    await expect(first.confirm().then(() => once(first.lost, 'abort'))).resolves.toBeDefined();
    await expect(first.confirm()).rejects.toThrow(LeaseLostError);
    await first.release();
    await second.confirm();
    await second.release();
    const third = await leases.take(key, { holder: newHolder() });
    expect(third.token).toBeGreaterThan(second.token);
    await third.release();
  });

  it('is not certain after a pause, until a renewal says that nobody else took it', async () => {
    const { leases } = subject();
    const lease = await leases.take(`lease-${randomUUID()}`, { holder: newHolder() });
    expect(lease.isCertain).toBe(true);
    passTime(45_000);
    expect(lease.isCertain).toBe(false);
    await lease.confirm();
    expect(lease.isCertain).toBe(true);
    await lease.release();
  });

  it('is lost, before anything is done with it, when somebody took it during a pause', async () => {
    const { leases } = subject();
    const key = `lease-${randomUUID()}`;
    const paused = await leases.take(key, { holder: newHolder() });
    const other = await leases.take(key, { holder: newHolder('oak'), isDead: () => true });
    passTime(45_000);
    await expect(paused.confirm()).rejects.toThrow(/oak, process 1 took the lease/);
    expect(paused.lost.aborted).toBe(true);
    await paused.release();
    await other.confirm();
    await other.release();
  });
}
