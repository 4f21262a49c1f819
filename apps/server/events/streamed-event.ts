import { z } from 'zod';

/** `StreamedEvent` of the contracts, for the documentation. */
export const streamedEvent = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  source: z.string(),
  subject: z.string().describe('Id of the session.'),
  time: z.string(),
  data: z.record(z.string(), z.json()),
  sessionversion: z.int(),
  schemaversion: z.int(),
  actor: z.string(),
  commandid: z.string(),
  correlationid: z.string(),
  causationid: z.string().optional(),
  sequence: z.int().describe('Place on the whole log: the cursor for `after` and `Last-Event-ID`.'),
});
