import { z } from 'zod';
import { LIMITS } from './limits.js';
import { sessionStatus } from './sessions.js';

const seconds = z.coerce.number({ error: 'a time in unix seconds, such as 1767225600' });
const limit = z.coerce
  .number({ error: 'a whole number from 1 on' })
  .pipe(z.int({ error: 'a whole number from 1 on' }).min(1).max(1_000_000));

/** `metadata.<key>=<value>` comes beside these. */
export const listSessions = z.looseObject({
  state: sessionStatus.optional(),
  name: z.string().optional(),
  parent: z.string().optional(),
  created_before: seconds.optional(),
  created_after: seconds.optional(),
  limit: limit
    .pipe(z.int().max(LIMITS.pageSize))
    .optional()
    .describe('Without it all sessions are sent, as a stream.'),
  after: z.string().optional().describe('The cursor from the Link header.'),
});

export const listMessages = z.object({
  limit: limit.optional().describe('The last n, in the order of time.'),
  before: z.string().optional().describe('Only what came before this message.'),
});

export const listEvents = z.object({
  after: z.coerce
    .number({ error: 'a sequence of the log: a whole number from 0 on' })
    .pipe(z.int({ error: 'a sequence of the log: a whole number from 0 on' }).min(0))
    .optional()
    .describe('Only events after this sequence of the log.'),
  limit: limit.optional(),
});

/** A wait in seconds. */
export const waitSeconds = z.coerce
  .number({ error: `seconds from 0 to ${LIMITS.waitSeconds}` })
  .min(0)
  .max(LIMITS.waitSeconds);

/** An event as streamed: a CloudEvents object with its place on the log. */
export interface StreamedEvent {
  specversion: '1.0';
  id: string;
  type: string;
  source: string;
  subject: string;
  time: string;
  data: Record<string, unknown>;
  sessionversion: number;
  schemaversion: number;
  actor: string;
  commandid: string;
  correlationid: string;
  causationid?: string;
  /** Position on the whole log: the cursor for `after` and `Last-Event-ID`. */
  sequence: number;
}

/** A piece of a reply while it streams; transient, so without a sequence. */
export interface StreamedDelta {
  session_id: string;
  turn_id: string;
  /** Id that the finished message will have. */
  message_id: string;
  /** Sequence of the event that the reply follows on the log: a stream sends the piece after it. */
  after: number;
  text: string;
}
