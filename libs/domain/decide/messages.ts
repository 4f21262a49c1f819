import type { SessionCommand } from '../commands.js';
import { event, type SessionEvent } from '../events.js';
import type { SessionState } from '../state.js';

export function decideMessages(state: SessionState, command: SessionCommand): SessionEvent[] | undefined {
  switch (command.type) {
    case 'post-message': {
      const posted = event('message.posted', command.data);
      return state.status === 'closed'
        ? [event('session.restored', { reason: 'message' }), posted]
        : [posted];
    }
    case 'clear-messages':
      return state.hasMessages ? [event('messages.cleared', {})] : [];
    default:
      return undefined;
  }
}
