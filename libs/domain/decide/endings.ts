import { event, type SessionEvent, type ToolOutcome } from '../events.js';
import type { SessionState, Turn } from '../state.js';

/**
 * Answers every open tool use with an error result. The model's API rejects for ever a history in which a
 * tool_use has no tool_result, so a turn never ends without this.
 */
export function answerOpenToolUses(
  turn: Pick<Turn, 'id' | 'openToolUses'> | null,
  why: string,
): SessionEvent[] {
  if (turn === null) return [];
  return turn.openToolUses.map((use) => {
    const outcome: ToolOutcome = use.started ? 'interrupted' : 'not_executed';
    const content = use.started
      ? `Interrupted before it finished: ${why}. Its effect is unknown.`
      : `Not executed: ${why}.`;
    return event('tool.completed', {
      turn_id: turn.id,
      use_id: use.id,
      content,
      is_error: true,
      outcome,
      took_ms: 0,
    });
  });
}

/** Ends a running turn from outside; nothing when none runs. */
export function interruptTurn(state: SessionState, by: string, why: string): SessionEvent[] {
  if (state.turn === null) return [];
  return [...answerOpenToolUses(state.turn, why), event('turn.interrupted', { turn_id: state.turn.id, by })];
}
