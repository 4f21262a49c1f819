import { setTimeout as delay } from 'node:timers/promises';
import type { IncomingMessage } from 'node:http';

/** All waits for one request together; a server that is busy for longer is reported. */
const PATIENCE_MS = 60_000;
const LONGEST_WAIT_MS = 10_000;
const SAFE_TO_REPEAT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** What decides whether a request may be sent again. */
interface Repeatable {
  method: string;
  headers?: Record<string, string | string[]>;
  signal?: AbortSignal;
}

/**
 * Sends a request, and sends it again when the server says so: 429 or 503 with `Retry-After`. After a 503 the work may
 * have been done, so only what can be repeated without doing it twice is sent again then.
 * @returns the first reply that is something else, or the last one when the patience is over
 */
export async function withRetryAfter(
  request: Repeatable,
  send: () => Promise<IncomingMessage>,
  patienceMs = PATIENCE_MS,
): Promise<IncomingMessage> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const reply = await send();
    const wait = waitAskedFor(reply);
    if (wait === undefined || Date.now() + wait > end || !mayRepeat(request, reply)) return reply;
    reply.resume();
    await delay(wait, undefined, { signal: request.signal });
  }
}

/** Milliseconds that the reply asks to wait for; undefined when it asks for nothing. */
export function waitAskedFor({ statusCode, headers }: IncomingMessage): number | undefined {
  const after = headers['retry-after'];
  if ((statusCode !== 429 && statusCode !== 503) || after === undefined) return undefined;
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

function mayRepeat({ method, headers = {} }: Repeatable, { statusCode }: IncomingMessage): boolean {
  if (statusCode === 429 || SAFE_TO_REPEAT.has(method)) return true;
  return Object.keys(headers).some((name) => name.toLowerCase() === 'idempotency-key');
}
