import type { EventEnvelope } from '../envelope.js';
import { event, type ContentBlock, type SessionEvent } from '../events.js';
import { endsTurn } from './turn-boundary.js';

export interface PlannedEvent {
  event: SessionEvent;
  /** The source's event that this one is a copy of. */
  causationid?: string;
}

/** Finished turns with their messages, under new ids; messages that no turn answered stay behind. */
export function copyTurns(prefix: EventEnvelope[], newId: () => string, samePrompt: boolean): PlannedEvent[] {
  const ended = new Set(prefix.filter(endsTurn).map((entry) => entry.data.turn_id));
  const answered = new Set(
    prefix.flatMap((entry) =>
      entry.type === 'turn.started' && ended.has(entry.data.turn_id) ? entry.data.message_ids : [],
    ),
  );
  const ids = new Map<string, string>();
  const renamed = (id: string): string => {
    const known = ids.get(id) ?? newId();
    ids.set(id, known);
    return known;
  };
  return prefix.flatMap((entry) => {
    const copy = copyOf(entry, renamed, answered, ended, samePrompt);
    return copy === undefined ? [] : [{ event: copy, causationid: entry.id }];
  });
}

function copyOf(
  entry: EventEnvelope,
  renamed: (id: string) => string,
  answered: Set<string>,
  ended: Set<string>,
  samePrompt: boolean,
): SessionEvent | undefined {
  switch (entry.type) {
    case 'messages.cleared':
      return event(entry.type, entry.data);
    case 'message.posted':
      if (!answered.has(entry.data.message_id)) return undefined;
      return event(entry.type, { ...entry.data, message_id: renamed(entry.data.message_id) });
    case 'turn.started':
      if (!ended.has(entry.data.turn_id)) return undefined;
      return event(entry.type, {
        turn_id: renamed(entry.data.turn_id),
        message_ids: entry.data.message_ids.map(renamed),
      });
    case 'model.responded':
      return event(entry.type, {
        ...entry.data,
        turn_id: renamed(entry.data.turn_id),
        message_id: renamed(entry.data.message_id),
        content: samePrompt ? entry.data.content : withoutThinking(entry.data.content),
      });
    case 'tool.started':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'tool.completed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.completed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.failed':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    case 'turn.interrupted':
      return event(entry.type, { ...entry.data, turn_id: renamed(entry.data.turn_id) });
    default:
      return undefined;
  }
}

/** Thinking is bound to the exact prompt before it; under another prompt the API refuses it. */
function withoutThinking(content: ContentBlock[]): ContentBlock[] {
  return content.filter(({ type }) => type !== 'thinking' && type !== 'redacted_thinking');
}
