import type { SessionCommand } from '../commands.js';
import { DomainError } from '../errors.js';
import { event, type SessionEvent } from '../events.js';
import type { SessionState } from '../state.js';
import { answerOpenToolUses } from './endings.js';

export function decideComputer(state: SessionState, command: SessionCommand): SessionEvent[] | undefined {
  switch (command.type) {
    case 'report-computer-started':
      if (state.status === 'closed') {
        throw new DomainError(
          'illegal_transition',
          'The session was closed while its computer started; stop it again.',
          {
            from: 'closed',
            to: 'idle',
          },
        );
      }
      return state.computerRunning ? [] : [event('computer.started', command.data)];
    case 'report-computer-failed':
      return computerFailed(state, event('computer.failed', command.data));
    case 'report-computer-disrupted':
      return disrupted(state, event('computer.disrupted', command.data));
    case 'record-snapshot':
      requireStillCurrent(state);
      return [event('files.snapshotted', command.data)];
    case 'record-snapshot-failure':
      requireStillCurrent(state);
      return [event('files.snapshot_failed', command.data)];
    case 'record-root-filesystem':
      return state.rootFilesystemDue ? [event('root_filesystem.kept', command.data)] : [];
    default:
      return undefined;
  }
}

function computerFailed(
  state: SessionState,
  failed: SessionEvent & { type: 'computer.failed' },
): SessionEvent[] {
  if (state.status === 'closed') return [];
  const { turn } = state;
  // As long as another attempt follows, a turn waits for its computer.
  if (turn === null || !failed.data.gave_up) return [failed];
  return [
    ...answerOpenToolUses(state.turn, 'the computer failed'),
    event('turn.failed', { turn_id: turn.id, reason: 'computer_unavailable', message: failed.data.reason }),
    failed,
  ];
}

/** What ended already, or was asked to end, is not disrupted. */
function disrupted(
  state: SessionState,
  happened: SessionEvent & { type: 'computer.disrupted' },
): SessionEvent[] {
  return state.status === 'closed' || !state.computerRunning ? [] : [happened];
}

/** Files that a running turn changes belong to no version. */
function requireStillCurrent(state: SessionState): void {
  if (state.turn === null) return;
  throw new DomainError('snapshot_outdated', 'A turn runs; its files are kept when it ends.');
}
