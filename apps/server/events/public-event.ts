import type { StreamedEvent } from '#contracts';
import type { RecordedEvent } from '#event-store';

/**
 * An event as anyone may see it. Sealed secrets stay inside, and only their names go out; so does the digest of a
 * request, which may have held a secret.
 */
export function publicEvent({ sequence, event }: RecordedEvent): StreamedEvent {
  const { commandhash: _, datacontenttype: __, ...envelope } = event;
  return { ...envelope, data: publicData(event), sequence };
}

function publicData(event: RecordedEvent['event']): Record<string, unknown> {
  if (event.type !== 'session.created') return event.data;
  const { secrets, ...data } = event.data;
  return { ...data, secret_names: Object.keys(secrets) };
}
