/** Who holds a lease. */
export interface LeaseHolder {
  /** Of the computers that the process works on; survives the process. */
  node: string;
  /** Of this life of the process. */
  process: string;
  /** For people: where the process runs. */
  where: string;
  /** Unix seconds since when it holds the lease, by its own clock. For people only. */
  since: number;
}

export function sameHolder(one: LeaseHolder, other: LeaseHolder): boolean {
  return one.process === other.process;
}

/** Undefined for a lease that was given back, and for what no lease wrote. */
export function parseHolder(value: string | undefined): LeaseHolder | undefined {
  if (value === undefined) return undefined;
  const { node, process, where, since } = JSON.parse(value) as Partial<LeaseHolder>;
  if (typeof node !== 'string' || typeof process !== 'string') return undefined;
  return { node, process, where: String(where), since: Number(since) };
}

/** Somebody else has the lease and renews it. */
export class LeaseHeldError extends Error {
  override readonly name = 'LeaseHeldError';
  constructor(
    readonly key: string,
    readonly holder: LeaseHolder,
  ) {
    super(`${holder.where} holds the lease "${key}" since ${new Date(holder.since * 1000).toISOString()}.`);
  }
}

/** The lease was held, and somebody else has it now, or it was given back. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
  constructor(
    readonly key: string,
    /** Undefined: nobody has it, it was given back. */
    readonly holder: LeaseHolder | undefined,
  ) {
    super(
      holder === undefined
        ? `The lease "${key}" was given back.`
        : `${holder.where} took the lease "${key}" over at ${new Date(holder.since * 1000).toISOString()}.`,
    );
  }
}
