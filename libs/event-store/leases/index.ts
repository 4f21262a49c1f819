export { createLeases, LEASE_TIMING, type Leases, type LeaseTiming, type TakeOptions } from './leases.js';
export type { Lease } from './held-lease.js';
export { LeaseHeldError, LeaseLostError, type LeaseHolder } from './lease-holder.js';
