import type { SessionCommand } from './commands.js';
import { decideComputer } from './decide/computer.js';
import { decideControl } from './decide/control.js';
import { decideLifecycle } from './decide/lifecycle.js';
import { decideMessages } from './decide/messages.js';
import { decideTurn } from './decide/turn.js';
import { requireComputerHere, requireReadable, requireUsable } from './decide/guards.js';
import { DomainError } from './errors.js';
import { event, type SessionEvent } from './events.js';
import type { SessionState } from './state.js';

/**
 * The rules: which events a command leads to in a state. No events means that the goal already holds.
 * @throws DomainError when the state does not allow the command
 */
export function decide(state: SessionState, command: SessionCommand): SessionEvent[] {
  if (command.type === 'create') return create(state, command);
  if (command.type === 'erase') return erase(state);
  requireUsable(state);
  if (command.type !== 'delete') requireReadable(state);
  requireComputerHere(state, nodeOf(command));
  return (
    decideLifecycle(state, command) ??
    decideMessages(state, command) ??
    decideTurn(state, command) ??
    decideComputer(state, command) ??
    decideControl(state, command) ??
    []
  );
}

/** Where a command would use the session's computer; undefined for one that needs none. */
function nodeOf(command: SessionCommand): string | undefined {
  switch (command.type) {
    case 'post-message':
    case 'restore':
    case 'start-turn':
    case 'take-control':
      return command.node;
    case 'force-state':
      return command.to === 'closed' ? undefined : command.node;
    case 'report-computer-started':
      return command.data.node;
    default:
      return undefined;
  }
}

function create(state: SessionState, { data }: Extract<SessionCommand, { type: 'create' }>): SessionEvent[] {
  if (state.lifecycle !== 'none') {
    throw new DomainError(
      'session_exists',
      'A session with this id exists or existed; ids are never used twice.',
    );
  }
  return [event('session.created', data)];
}

/** Legal after a delete too: deleting hides a history, erasing removes it. */
function erase(state: SessionState): SessionEvent[] {
  if (state.lifecycle === 'erased') return [];
  if (state.lifecycle === 'none') throw new DomainError('session_not_found', 'There is no such session.');
  return [event('session.erased', {})];
}
