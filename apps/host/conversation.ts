import { wellFormed, type EventEnvelope } from '#domain';
import type { ModelMessage, ModelRequest } from './model-request.js';
import { instructionsNote, Transcript } from './transcript.js';

const MAX_TOKENS = 32_000;

/**
 * The request that a turn sends next. Model, system prompt and tools are those pinned at creation, and the messages
 * only ever grow at their end: thinking blocks are bound to every byte before them.
 */
export function requestOf(events: readonly EventEnvelope[], turnId: string): ModelRequest {
  const created = events.find(isCreated);
  if (created === undefined) throw new RangeError(`The events before turn ${turnId} lack session.created.`);
  const { model, system_prompt: system, tools } = created.data;
  const messages = messagesOf(events, turnId);
  const request = { model, max_tokens: MAX_TOKENS, system, tools, messages };
  // Whatever an older log holds, the API takes it.
  return { ...wellFormed(request), cache_control: { type: 'ephemeral' } };
}

/** The conversation up to now: what came after the last clear before this turn, turn by turn. */
function messagesOf(events: readonly EventEnvelope[], turnId: string): ModelMessage[] {
  const start = events.findIndex((event) => event.type === 'turn.started' && event.data.turn_id === turnId);
  const cleared = events.findLastIndex((event, index) => event.type === 'messages.cleared' && index < start);
  const transcript = new Transcript(instructionsChangedIn(events.slice(0, cleared + 1)));
  for (const event of events.slice(cleared + 1)) {
    if (event.type === 'turn.started' && transcript.has(turnId)) break;
    transcript.add(event);
  }
  return transcript.finish();
}

function isCreated(event: EventEnvelope): event is Extract<EventEnvelope, { type: 'session.created' }> {
  return event.type === 'session.created';
}

/** A cleared conversation forgets everything but the instructions in force. */
function instructionsChangedIn(events: readonly EventEnvelope[]): string | undefined {
  return events
    .map((event) => (event.type === 'session.updated' ? instructionsNote(event) : undefined))
    .findLast((note) => note !== undefined);
}
