import type { CommandOf, SessionCommand } from '../commands.js';
import { DomainError } from '../errors.js';
import { event, type SessionEvent } from '../events.js';
import type { SessionState } from '../state.js';

/** Who uses the desktop: Host, unless a person holds control. */
export function decideControl(state: SessionState, command: SessionCommand): SessionEvent[] | undefined {
  switch (command.type) {
    case 'take-control':
      return takeControl(state, command);
    case 'release-control':
      return releaseControl(state, command);
    default:
      return undefined;
  }
}

function releaseControl(
  { control }: SessionState,
  { leaseId, reason, ifUntil }: CommandOf<'release-control'>,
): SessionEvent[] {
  if (control?.leaseId !== leaseId) return [];
  if (ifUntil !== undefined && control.until > ifUntil) return [];
  return [event('control.released', { lease_id: leaseId, reason })];
}

/** One person at a time; the holder may prolong. */
function takeControl(
  state: SessionState,
  { leaseId, by, now, until }: CommandOf<'take-control'>,
): SessionEvent[] {
  if (!state.desktop) {
    throw new DomainError(
      'desktop_missing',
      'The computer of this session has no desktop. Create a session with "desktop": true.',
    );
  }
  if (state.status === 'closed' || state.status === 'init') {
    throw new DomainError(
      'illegal_transition',
      `The session is ${state.status}: its computer does not run. ${state.status === 'closed' ? 'Restore it' : 'Wait until it is idle'} first.`,
      { from: state.status },
    );
  }
  const { control } = state;
  if (control !== null && control.leaseId !== leaseId && control.until > now) {
    throw new DomainError(
      'control_taken',
      `${control.by} uses the desktop now; watch it, or take control when it is free.`,
    );
  }
  return [event('control.taken', { lease_id: leaseId, by, until })];
}
