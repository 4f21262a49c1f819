import type { CommandOf, SessionCommand } from '../commands.js';
import { event, type EventData, type SessionEvent } from '../events.js';
import type { SessionState } from '../state.js';
import { interruptTurn } from './endings.js';

export function decideLifecycle(state: SessionState, command: SessionCommand): SessionEvent[] | undefined {
  switch (command.type) {
    case 'close':
      return close(state, command);
    case 'restore':
      return state.status === 'closed' ? [event('session.restored', { reason: command.reason })] : [];
    case 'interrupt':
      return interruptTurn(state, command.by, 'the turn was interrupted');
    case 'force-state':
      return force(state, command);
    case 'update':
      return update(state, command.changes);
    case 'delete':
      return [...interruptTurn(state, 'delete', 'the session was deleted'), event('session.deleted', {})];
    default:
      return undefined;
  }
}

function close(state: SessionState, { reason, by, ifVersion }: CommandOf<'close'>): SessionEvent[] {
  if (state.status === 'closed') return [];
  // An idle timer that raced with new work has lost: only the log says what is idle.
  const inUse = state.version !== ifVersion || state.status !== 'idle' || state.control !== null;
  if (reason === 'idle_timeout' && inUse) return [];
  return [...interruptTurn(state, by, 'the session was closed'), event('session.closed', { reason })];
}

/**
 * Recovery. To idle goes through init: the operator makes sure that the computer really runs,
 * and its report makes the session idle.
 */
function force(state: SessionState, { to, by }: CommandOf<'force-state'>): SessionEvent[] {
  if (to === 'closed') return close(state, { type: 'close', reason: 'requested', by });
  const ended = interruptTurn(state, by, 'the session was forced to idle');
  const reopened = state.status === 'closed' ? [event('session.restored', { reason: 'forced' })] : [];
  return [...ended, ...reopened, event('state.forced', { from: state.status, to: 'init' })];
}

function update(state: SessionState, changes: EventData['session.updated']): SessionEvent[] {
  const changed: EventData['session.updated'] = {};
  if (changes.name !== undefined && changes.name !== state.name) changed.name = changes.name;
  if (changes.timeout_seconds !== undefined && changes.timeout_seconds !== state.timeoutSeconds) {
    changed.timeout_seconds = changes.timeout_seconds;
  }
  if (changes.instructions !== undefined && changes.instructions !== state.instructions) {
    changed.instructions = changes.instructions;
  }
  if (changes.metadata !== undefined && JSON.stringify(changes.metadata) !== JSON.stringify(state.metadata)) {
    changed.metadata = changes.metadata;
  }
  return Object.keys(changed).length === 0 ? [] : [event('session.updated', changed)];
}
