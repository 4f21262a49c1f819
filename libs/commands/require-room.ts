import { ApiError } from '#contracts';
import type { EventType } from '#domain';
import type { ComputerShortage } from './ports.js';

/** After these a computer is made or started. */
const OPENING: ReadonlySet<EventType> = new Set<EventType>(['session.created', 'session.restored']);

/**
 * What asks for a computer more is refused where it could only fail later, with less to say.
 * @throws ApiError `disk_full`
 */
export async function requireRoom(
  decided: readonly { event: { type: EventType } }[],
  shortage: ComputerShortage,
): Promise<void> {
  if (shortage === undefined || !decided.some(({ event }) => OPENING.has(event.type))) return;
  const reason = await shortage();
  if (reason !== undefined) throw new ApiError('disk_full', reason);
}
