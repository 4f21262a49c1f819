import { setTimeout as delay } from 'node:timers/promises';
import { ClosedConnectionError } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { retryDelay } from '../retry-delay.js';

/** Codes of nats-server's errors.json. */
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);
const DUPLICATE_ID_IN_BATCH = 10201;
const NO_SPACE = new Set([10028, 10047]);
const STORE_FAILED = 10077;
const TOO_LARGE = new Set([10054, 10199]);
/** Nothing was stored, and a moment later it may be: no leader, too many batches in flight, a batch cut off. */
const TRANSIENT = new Set([10008, 10009, 10158, 10176, 10210]);

export interface ApiError {
  code: number;
  err_code: number;
  description: string;
}

/** What an error reply to a write means: the position is taken, try again, or (thrown) it can never work. */
export function classify(error: ApiError, what: string): 'conflict' | 'retry' {
  const { code, err_code, description } = error;
  if (WRONG_LAST_SEQUENCE.has(err_code) || err_code === DUPLICATE_ID_IN_BATCH) return 'conflict';
  if (TOO_LARGE.has(err_code)) throw tooLarge(what, description);
  const full = err_code === STORE_FAILED && /maximum|no space/i.test(description);
  if (full || NO_SPACE.has(err_code)) {
    throw new LogError('log_full', `The log has no room for ${what} (${description}): give it more space.`);
  }
  if (TRANSIENT.has(err_code) || code === 503) return 'retry';
  throw new LogError('log_unavailable', `The log refused ${what}: ${description} (${err_code}).`);
}

export function tooLarge(what: string, problem: string): LogError {
  return new LogError('event_too_large', `The log cannot take ${what}: ${problem}.`);
}

/** Whatever went wrong, the log could not be asked. */
export function unavailable(error: unknown): never {
  if (error instanceof LogError) throw error;
  const problem = error instanceof Error ? error.message : String(error);
  throw new LogError('log_unavailable', `The log does not answer (${problem}): is nats-server running?`, {
    cause: error,
  });
}

/**
 * Tries again what the log did not answer, as over an election or a restart of the server, with growing and jittered
 * waits until the time is over. The work must be safe to repeat.
 */
export async function patiently<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
  const end = Date.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await answered(work);
    } catch (error) {
      const wait = patienceDelay(attempt);
      if (!isPassing(error) || Date.now() + wait > end) throw error;
      await delay(wait);
    }
  }
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return unavailable(error);
  }
}

/** A connection that is closed, by ourselves, never opens again. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof LogError) || error.code !== 'log_unavailable') return false;
  return !(error.cause instanceof ClosedConnectionError);
}

/** Milliseconds before the next try: doubles up to a second; jittered, so that many callers do not come at once. */
export function patienceDelay(attempt: number): number {
  return Math.min(1000, retryDelay(attempt)) * (0.5 + Math.random() / 2);
}
