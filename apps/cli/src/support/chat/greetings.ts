import { copyable } from '../terminal/copyable.js';
import type { Session } from '#contracts';

export function describeWhere({ id, name, remixed_from: source }: Session): string {
  const origin = source === null ? '' : `, remixed from ${source.session_id}`;
  return `Session ${name} (${id})${origin}. /help lists the commands, /quit leaves.`;
}

/** Said when one leaves a session that is still there. */
export function describeHow({ name }: Session): string {
  return copyable(`The session is kept. Come back with: raworc session restore ${name}`);
}
