import type { EventType } from '#domain';

/** Events after which a computer, or the time at which something happens by itself, may have to change. */
export const WAKING: ReadonlySet<EventType> = new Set([
  'session.created',
  'session.remixed',
  'session.restored',
  'session.closed',
  'session.deleted',
  'session.erased',
  'session.updated',
  'state.forced',
  'turn.completed',
  'turn.failed',
  'turn.interrupted',
  'messages.cleared',
  'computer.failed',
  'computer.disrupted',
  'control.taken',
  'control.released',
]);

/** Events by which somebody asks for a computer anew. */
export const ASKING: ReadonlySet<EventType> = new Set(['session.restored', 'state.forced']);
