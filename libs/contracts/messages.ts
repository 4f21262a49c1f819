import { z } from 'zod';
import { message } from './sessions.js';

export const postMessage = z.strictObject({
  content: message,
  role: z.literal('user').default('user'),
  metadata: z.record(z.string(), z.json()).default({}),
});

/** A user's message is queued, processing, then answered, failed or interrupted; all others are complete. */
export const messageStatus = z.enum([
  'queued',
  'processing',
  'answered',
  'failed',
  'interrupted',
  'complete',
]);

export const messageView = z.object({
  id: z.string(),
  session_id: z.string(),
  role: z.enum(['user', 'host', 'system']),
  content: z.string(),
  metadata: z.record(z.string(), z.json()),
  created_at: z.number().describe('Unix seconds with fraction.'),
  turn_id: z.string().nullable(),
  status: messageStatus,
});

export const messageCount = z.object({ count: z.int(), session_id: z.string() });
export const messagesDeleted = z.object({ deleted: z.int(), session_id: z.string() });

export type PostMessage = z.infer<typeof postMessage>;
export type Message = z.infer<typeof messageView>;
export type MessageStatus = z.infer<typeof messageStatus>;
