import type { SessionStatus } from './events.js';

/** `copying`: a remix whose prefix is not complete yet. */
export type Lifecycle = 'none' | 'copying' | 'live' | 'deleted' | 'erased';

export interface OpenToolUse {
  id: string;
  name: string;
  started: boolean;
}

export interface Turn {
  id: string;
  messageIds: string[];
  /** Tool uses of the model's last response that have no result yet, in the model's order. */
  openToolUses: OpenToolUse[];
  /** A tool ran, so the files may have changed. */
  touchedFiles: boolean;
}

/** A person's right to use the desktop. */
export interface Control {
  leaseId: string;
  by: string;
  /** Unix seconds; afterwards it counts for nothing. */
  until: number;
}

/** What the decider needs to know of a session; folded from its events, never stored. */
export interface SessionState {
  lifecycle: Lifecycle;
  status: SessionStatus;
  /** Number of events in the session. */
  version: number;
  name: string;
  metadata: Record<string, unknown>;
  instructions: string | null;
  timeoutSeconds: number;
  turn: Turn | null;
  /** Turn that was interrupted or failed last; until another begins, what its model had said can still be kept. */
  endedTurnId: string | null;
  /** Posted messages that no turn has taken up, oldest first. */
  pendingMessageIds: string[];
  /** False right after a clear; then there is nothing to clear. */
  hasMessages: boolean;
  computerRunning: boolean;
  /** Where the computer is, with all the session's files; null until it was started for the first time. */
  node: string | null;
  /** The files changed since the last snapshot; the next turn waits until they are kept. */
  snapshotDue: boolean;
  /** Programs of root, Host's or those of a setup, may change the computer's root filesystem. */
  installs: boolean;
  /** Closed, and its root filesystem is still to be kept: until then the computer must not be removed. */
  rootFilesystemDue: boolean;
  /** The computer still has to be made from `setup` or a remix's source. */
  firstStart: boolean;
  hasOrigin: boolean;
  /** The computer has a screen. */
  desktop: boolean;
  control: Control | null;
  error: string | null;
  /** Why the state cannot be known: an event that this Raworc cannot read. Commands are refused then. */
  unreadable: string | null;
}

export const initialState: SessionState = {
  lifecycle: 'none',
  status: 'init',
  version: 0,
  name: '',
  metadata: {},
  instructions: null,
  timeoutSeconds: 0,
  turn: null,
  endedTurnId: null,
  pendingMessageIds: [],
  hasMessages: false,
  computerRunning: false,
  node: null,
  snapshotDue: false,
  installs: false,
  rootFilesystemDue: false,
  firstStart: true,
  hasOrigin: false,
  desktop: false,
  control: null,
  error: null,
  unreadable: null,
};
