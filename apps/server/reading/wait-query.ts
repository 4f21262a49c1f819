import { z } from 'zod';
import { waitSeconds } from '#contracts';

const DEFAULT_SECONDS = 60;
const timeout = waitSeconds.optional().describe('Seconds to wait at most; 60 unless given.');

/** `?wait=` of what leads to an idle session. */
export const idleWait = z.object({
  wait: z
    .union([z.enum(['idle', 'true', 'false']), waitSeconds])
    .optional()
    .describe('`idle` or `true`: reply when the session is idle. A number: wait that many seconds at most.'),
  timeout,
});

/** `?wait=` of a posted message. */
export const replyWait = z.object({
  wait: z
    .union([z.enum(['reply', 'true', 'false']), waitSeconds])
    .optional()
    .describe("`reply` or `true`: reply with Host's message. A number: wait that many seconds at most."),
  timeout,
});

export interface WaitQuery {
  wait?: string | number;
  timeout?: number;
}

/** Seconds to wait, or undefined when the reply should come at once. */
export function secondsOf({ wait, timeout: limit = DEFAULT_SECONDS }: WaitQuery): number | undefined {
  if (wait === undefined || wait === 'false' || wait === 0) return undefined;
  return typeof wait === 'number' ? wait : limit;
}
