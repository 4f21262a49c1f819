import type { StreamedEvent } from '#contracts';
import type { Usage } from '../sessions/tokens.js';

/** The parts of the log's events that a conversation shows. */
interface EventData {
  'computer.started': { driver: string; took_ms: number };
  'files.snapshotted': { skipped: { path: string; why: string }[]; skipped_total: number };
  'files.snapshot_failed': { reason: string };
  'computer.failed': { reason: string; attempt: number; gave_up: boolean };
  'computer.disrupted': { detail: string; running: boolean };
  'control.taken': { lease_id: string; by: string };
  'control.released': { lease_id: string };
  'message.posted': { message_id: string; content: string };
  'turn.started': { turn_id: string; message_ids: string[] };
  'model.responded': {
    message_id: string;
    content: { type: string; text?: string }[];
    usage: Usage;
  };
  'tool.started': { use_id: string; name: string; input: unknown };
  'tool.completed': {
    use_id: string;
    content: string | { type: string; text?: string }[];
    is_error: boolean;
    outcome: string;
    took_ms: number;
  };
  'turn.completed': { turn_id: string };
  'turn.failed': { turn_id: string; reason: string; message: string };
  'turn.interrupted': { turn_id: string; by: string };
  'messages.cleared': object;
  'session.closed': { reason: string };
  'session.restored': { reason: string };
  'session.updated': { name?: string; timeout_seconds?: number };
  'session.deleted': object;
  'session.erased': object;
}

export type SessionEvent = {
  [T in keyof EventData]: { type: T; data: EventData[T]; time: string; sequence: number };
}[keyof EventData];

const TYPES: Record<SessionEvent['type'], true> = {
  'computer.started': true,
  'files.snapshotted': true,
  'files.snapshot_failed': true,
  'computer.failed': true,
  'computer.disrupted': true,
  'control.taken': true,
  'control.released': true,
  'message.posted': true,
  'turn.started': true,
  'model.responded': true,
  'tool.started': true,
  'tool.completed': true,
  'turn.completed': true,
  'turn.failed': true,
  'turn.interrupted': true,
  'messages.cleared': true,
  'session.closed': true,
  'session.restored': true,
  'session.updated': true,
  'session.deleted': true,
  'session.erased': true,
};

/** The event with the type of its data; undefined for one that a conversation does not show. */
export function asSessionEvent(event: StreamedEvent): SessionEvent | undefined {
  return event.type in TYPES ? (event as unknown as SessionEvent) : undefined;
}

/** The texts of what Host said or a tool printed; empty when there are none. */
export function textOf(content: string | { type: string; text?: string }[], between = ''): string {
  if (typeof content === 'string') return content;
  return content.flatMap(({ type, text }) => (type === 'text' ? [text ?? ''] : [])).join(between);
}
