import type { EventData } from '#domain';
import type { Ids } from './ports.js';

/** What a user says, under an id of its own; a prompt is a message without metadata. */
export function userMessage(
  ids: Ids,
  content: string,
  metadata: Record<string, unknown> = {},
): EventData['message.posted'] {
  return { message_id: ids.uuid(), role: 'user', content, metadata };
}
