const FIRST_MS = 100;
const LONGEST_MS = 30_000;

/** Milliseconds before work that failed comes again: doubles with each attempt (1, 2, …), up to 30 s. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
}
