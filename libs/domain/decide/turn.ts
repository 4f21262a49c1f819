import type { CommandOf, SessionCommand } from '../commands.js';
import { DomainError } from '../errors.js';
import { event, type SessionEvent } from '../events.js';
import { toolUsesIn } from '../evolve.js';
import type { OpenToolUse, SessionState } from '../state.js';
import { answerOpenToolUses } from './endings.js';
import { requireTurn } from './guards.js';

export function decideTurn(state: SessionState, command: SessionCommand): SessionEvent[] | undefined {
  switch (command.type) {
    case 'start-turn':
      return startTurn(state, command);
    case 'record-response':
      requireTurn(state, command.data.turn_id);
      requireNoOpenToolUse(state, 'The model can only be asked again when every tool use has a result');
      return [event('model.responded', command.data)];
    case 'record-late-response':
      return recordLateResponse(state, command);
    case 'start-tool':
      if (requireToolUse(state, command.data.turn_id, command.data.use_id).started) {
        throw outOfOrder(`Tool use ${command.data.use_id} has started already; a tool never runs twice`);
      }
      return [event('tool.started', command.data)];
    case 'complete-tool':
      requireToolUse(state, command.data.turn_id, command.data.use_id);
      return [event('tool.completed', command.data)];
    case 'complete-turn':
      requireTurn(state, command.data.turn_id);
      requireNoOpenToolUse(state, 'A turn can only be completed when every tool use has a result');
      return [event('turn.completed', command.data)];
    case 'fail-turn':
      requireTurn(state, command.turnId);
      return [
        ...answerOpenToolUses(state.turn, 'the turn failed'),
        event('turn.failed', { turn_id: command.turnId, reason: command.reason, message: command.message }),
      ];
    default:
      return undefined;
  }
}

function startTurn(state: SessionState, { turnId, messageIds }: CommandOf<'start-turn'>): SessionEvent[] {
  const reason = whyNoTurn(state, messageIds);
  if (reason !== undefined) throw new DomainError('turn_not_possible', `No turn can start: ${reason}.`);
  return [event('turn.started', { turn_id: turnId, message_ids: messageIds })];
}

function whyNoTurn(state: SessionState, messageIds: string[]): string | undefined {
  if (state.status !== 'idle') return `the session is ${state.status}, not idle`;
  if (!state.computerRunning) return 'its computer does not run';
  if (state.snapshotDue) return 'the files of the turn before are still being kept';
  const next = state.pendingMessageIds.slice(0, messageIds.length);
  if (messageIds.length === 0 || next.join() !== messageIds.join())
    return 'these are not the next unanswered messages';
  return undefined;
}

/** Whether the oldest unanswered message can be taken up now. */
export function turnPossible(state: SessionState): boolean {
  return (
    state.lifecycle === 'live' &&
    state.unreadable === null &&
    whyNoTurn(state, state.pendingMessageIds.slice(0, 1)) === undefined
  );
}

/**
 * What the model had said is kept after the end of its turn, which waits for nobody. It comes before the next turn:
 * each request to the model begins with all that went before.
 */
function recordLateResponse(
  state: SessionState,
  { data }: CommandOf<'record-late-response'>,
): SessionEvent[] {
  if (state.endedTurnId !== data.turn_id) {
    throw new DomainError('turn_over', `Nothing can be added to turn ${data.turn_id} now.`);
  }
  const asked = { id: data.turn_id, openToolUses: toolUsesIn(data.content) };
  return [event('model.responded', data), ...answerOpenToolUses(asked, 'the turn was ended')];
}

function requireToolUse(state: SessionState, turnId: string, useId: string): OpenToolUse {
  const use = requireTurn(state, turnId).openToolUses.find(({ id }) => id === useId);
  if (use === undefined) throw outOfOrder(`Tool use ${useId} was not asked for, or has its result already`);
  return use;
}

function requireNoOpenToolUse(state: SessionState, rule: string): void {
  const open = state.turn?.openToolUses ?? [];
  if (open.length > 0) throw outOfOrder(`${rule}; open: ${open.map(({ id }) => id).join(', ')}`);
}

function outOfOrder(message: string): DomainError {
  return new DomainError('step_out_of_order', `${message}.`);
}
