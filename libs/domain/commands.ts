import type { EventData, SessionCreated, TurnFailure } from './events.js';

/**
 * What can be asked of one session. Ids and times come with the command: deciding needs no clock. `node`: where the
 * service that asks has its computers; a command that needs the session's own computer is refused when that is elsewhere.
 */
export type SessionCommand =
  | { type: 'create'; data: SessionCreated }
  | {
      type: 'close';
      reason: 'requested' | 'idle_timeout';
      by: string;
      /** Only if nothing happened since. */ ifVersion?: number;
    }
  | { type: 'restore'; reason: 'requested' | 'message'; node?: string }
  | { type: 'interrupt'; by: string }
  | { type: 'force-state'; to: 'idle' | 'closed'; by: string; node?: string }
  | { type: 'update'; changes: EventData['session.updated'] }
  | { type: 'delete' }
  | { type: 'erase' }
  | { type: 'post-message'; data: EventData['message.posted']; node?: string }
  | { type: 'clear-messages' }
  | { type: 'start-turn'; turnId: string; messageIds: string[]; node?: string }
  | { type: 'record-response'; data: EventData['model.responded'] }
  | {
      type: 'record-late-response';
      /** What the model had said when its turn was ended from outside. */
      data: EventData['model.responded'];
    }
  | { type: 'start-tool'; data: EventData['tool.started'] }
  | { type: 'complete-tool'; data: EventData['tool.completed'] }
  | { type: 'complete-turn'; data: EventData['turn.completed'] }
  | { type: 'fail-turn'; turnId: string; reason: TurnFailure; message: string }
  | { type: 'report-computer-started'; data: EventData['computer.started'] }
  | { type: 'report-computer-failed'; data: EventData['computer.failed'] }
  | { type: 'report-computer-disrupted'; data: EventData['computer.disrupted'] }
  | {
      type: 'take-control';
      leaseId: string;
      by: string;
      node?: string;
      /** Unix seconds. */
      now: number;
      until: number;
    }
  | {
      type: 'release-control';
      leaseId: string;
      reason: EventData['control.released']['reason'];
      /** Only if the lease has not been prolonged beyond this time (unix seconds). */
      ifUntil?: number;
    }
  | { type: 'record-snapshot'; data: EventData['files.snapshotted'] }
  | { type: 'record-snapshot-failure'; data: EventData['files.snapshot_failed'] }
  | { type: 'record-root-filesystem'; data: EventData['root_filesystem.kept'] };

export type CommandType = SessionCommand['type'];
export type CommandOf<T extends CommandType> = Extract<SessionCommand, { type: T }>;
