import { DomainError } from '../errors.js';
import type { SessionState, Turn } from '../state.js';

/** Deleted, erased and half-copied sessions are gone (or not there yet) for everybody. */
export function requireUsable(state: SessionState): void {
  if (state.lifecycle === 'live') return;
  if (state.lifecycle === 'copying') {
    throw new DomainError(
      'session_not_found',
      'This session is still being copied; try again when its remix is done.',
    );
  }
  const reason =
    state.lifecycle === 'none' ? 'There is no such session.' : `This session was ${state.lifecycle}.`;
  throw new DomainError('session_not_found', reason);
}

/** A computer cannot be used, started or replaced from another node than its own: its files are there. */
export function requireComputerHere(state: Pick<SessionState, 'node'>, node: string | undefined): void {
  if (node === undefined || state.node === null || state.node === node) return;
  throw new DomainError(
    'computer_elsewhere',
    `The computer of this session is on node ${state.node}, and this service works on node ${node}. Send this to the service of that node; it goes on as soon as that one runs.`,
    { node: state.node },
  );
}

/** A step belongs to the turn that runs now; a host whose turn was ended by somebody else must stop. */
export function requireTurn(state: SessionState, turnId: string): Turn {
  if (state.turn?.id === turnId) return state.turn;
  throw new DomainError('turn_over', `Turn ${turnId} is not running any more; stop working on it.`);
}

/** What an unread event did is not known, so nothing may be built on it. Only deleting needs no state. */
export function requireReadable({ unreadable }: SessionState): void {
  if (unreadable === null) return;
  throw new DomainError(
    'session_unreadable',
    `This session can be read, but not changed: ${unreadable}. Upgrade Raworc, restore the log, name the event in RAWORC_SKIP_EVENTS to pass it over, or delete the session.`,
  );
}
