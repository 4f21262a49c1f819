import { z } from 'zod';
import { LIMITS, waitSeconds } from '#contracts';

const DEFAULT_SECONDS = 60;
const timeout = waitSeconds.optional().describe('Seconds to wait at most; 60 unless given.');

const allowed = (goal: string) => `${goal}, true, false, or seconds from 0 to ${LIMITS.waitSeconds}`;

/** `?wait=` of what leads to an idle session. */
export const idleWait = z.object({
  wait: z
    .union([z.enum(['idle', 'true', 'false']), waitSeconds], { error: allowed('idle') })
    .optional()
    .describe('`idle` or `true`: reply when the session is idle. A number: wait that many seconds at most.'),
  timeout,
});

/** `?wait=` of a close. */
export const keptWait = z.object({
  wait: z
    .union([z.enum(['kept', 'true', 'false']), waitSeconds], { error: allowed('kept') })
    .optional()
    .describe(
      '`kept` or `true`: reply when everything is kept, also what was installed, so that the container can be removed. A number: wait that many seconds at most.',
    ),
  timeout,
});

/** `?wait=` of a posted message. */
export const replyWait = z.object({
  wait: z
    .union([z.enum(['reply', 'true', 'false']), waitSeconds], { error: allowed('reply') })
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
