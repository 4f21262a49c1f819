import { hostname } from 'node:os';
import type { Computers } from '#computers';
import { LeaseHeldError, type Lease, type LeaseHolder, type Leases } from '#event-store';
import { RuntimeError, systemIds, type Home } from '#runtime';

/** Of the one process that works on computers and runs turns, among all that share a log. */
const KEY = 'operator';

/**
 * Makes this process the only one on its log that works on sessions. A process before it of the same home is dead,
 * since the home's lock is held; another's lease is taken only when it is not renewed any more.
 * @throws RuntimeError `operator_elsewhere`, naming who has it
 */
export async function takeOperatorLease(leases: Leases, home: Home, nodeId: string): Promise<Lease> {
  const holder: LeaseHolder = {
    node: nodeId,
    process: systemIds.uuid(),
    where: `node ${nodeId} (home ${home.root} on ${hostname()}, process ${process.pid})`,
    since: Date.now() / 1000,
  };
  try {
    return await leases.take(KEY, { holder, isDead: ({ node }) => node === nodeId });
  } catch (error) {
    throw error instanceof LeaseHeldError ? elsewhere(error.holder) : error;
  }
}

/**
 * A server sees computers of its own home alone, so it does not start beside the operator of another.
 * @throws RuntimeError `operator_elsewhere`
 */
export async function refuseForeignOperator(leases: Leases, nodeId: string): Promise<void> {
  const noted = await leases.holder(KEY);
  if (noted === undefined || noted.node === nodeId) return;
  const living = await leases.livingHolder(KEY);
  if (living !== undefined && living.node !== nodeId) throw elsewhere(living);
}

/** Computers that do nothing unless the lease is certainly held. What only listens or lets go is free. */
export function fencedComputers(computers: Computers, lease: Lease): Computers {
  const free: ReadonlySet<PropertyKey> = new Set(['watch', 'dispose']);
  return new Proxy(computers, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (free.has(key)) return value.bind(target) as unknown;
      return (...args: unknown[]): unknown =>
        lease.isCertain
          ? value.apply(target, args)
          : lease.confirm().then(() => value.apply(target, args) as unknown);
    },
  });
}

/** What a process says that another one replaced. */
export function replacedBy(holder: LeaseHolder): RuntimeError {
  return new RuntimeError(
    'operator_replaced',
    `This service stopped, because ${holder.where} works on the sessions now: it took over after this one had not been heard of for seconds. Start it again once that one has stopped.`,
  );
}

function elsewhere({ where, since }: LeaseHolder): RuntimeError {
  return new RuntimeError(
    'operator_elsewhere',
    `Another Raworc works on the sessions of this NATS: ${where}, since ${new Date(since * 1000).toISOString()}. Stop that one first, or give this service another NATS (RAWORC_NATS_URL).`,
  );
}
