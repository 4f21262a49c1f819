import type { EventEnvelope } from './envelope.js';
import { isToolUse, type ContentBlock, type EventOf, type SessionEvent } from './events.js';
import { initialState, type Control, type OpenToolUse, type SessionState, type Turn } from './state.js';

/** Folds one event into the state. Total: an event on the log has happened, so nothing is refused here. */
export function evolve(state: SessionState, event: SessionEvent): SessionState {
  return { ...apply(state, event), version: state.version + 1 };
}

/** Folds an event of the log, which tells its version. One that cannot be read takes one version, whatever it says. */
export function evolveRecorded(state: SessionState, event: EventEnvelope): SessionState {
  const evolved = evolve(state, event);
  return event.type === 'event.unreadable' ? evolved : { ...evolved, version: event.sessionversion };
}

export function fold(events: Iterable<SessionEvent>, from: SessionState = initialState): SessionState {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
}

function apply(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case 'session.created':
      return created(event);
    case 'session.remixed':
      return {
        ...state,
        lifecycle: 'live',
        status: 'init',
        turn: null,
        endedTurnId: null,
        pendingMessageIds: [],
        snapshotDue: false,
      };
    case 'computer.started':
      return computerStarted(state, event);
    case 'computer.failed':
      return event.data.gave_up
        ? {
            ...endTurn(state),
            status: 'closed',
            computerRunning: false,
            rootFilesystemDue: isRootFilesystemDue(state),
            control: null,
            error: event.data.reason,
          }
        : { ...state, computerRunning: false, error: event.data.reason };
    case 'computer.disrupted':
      return event.data.running ? state : { ...state, computerRunning: false, control: null };
    case 'control.taken':
      return { ...state, control: controlOf(event) };
    case 'control.released':
      return { ...state, control: null };
    case 'message.posted':
      return {
        ...state,
        hasMessages: true,
        pendingMessageIds: [...state.pendingMessageIds, event.data.message_id],
      };
    case 'turn.started':
      return turnStarted(state, event);
    case 'model.responded':
      return responded(state, event);
    case 'tool.started':
      return withTurn(state, (turn) => ({
        ...turn,
        touchedFiles: true,
        openToolUses: turn.openToolUses.map((use) =>
          use.id === event.data.use_id ? { ...use, started: true } : use,
        ),
      }));
    case 'tool.completed':
      return withTurn(state, (turn) => ({
        ...turn,
        openToolUses: turn.openToolUses.filter((use) => use.id !== event.data.use_id),
      }));
    case 'turn.completed':
      return endTurn(state);
    case 'turn.failed':
    case 'turn.interrupted':
      return { ...endTurn(state), endedTurnId: event.data.turn_id };
    case 'files.snapshotted':
    case 'files.snapshot_failed':
      return { ...state, snapshotDue: false };
    case 'root_filesystem.kept':
      return { ...state, rootFilesystemDue: false };
    case 'messages.cleared':
      return { ...state, pendingMessageIds: [], hasMessages: false, endedTurnId: null };
    case 'session.closed':
      return {
        ...state,
        status: 'closed',
        computerRunning: false,
        rootFilesystemDue: isRootFilesystemDue(state),
        control: null,
      };
    case 'session.restored':
      return { ...state, status: 'init', computerRunning: false, rootFilesystemDue: false, error: null };
    case 'session.updated':
      return updated(state, event);
    case 'state.forced':
      return {
        ...state,
        status: event.data.to,
        computerRunning: false,
        rootFilesystemDue: false,
        control: null,
        error: null,
      };
    case 'session.deleted':
      return { ...state, lifecycle: 'deleted', computerRunning: false, control: null };
    case 'session.erased':
      // As if folded from the one event that the log keeps.
      return { ...initialState, lifecycle: 'erased', version: state.version };
    case 'event.unreadable':
      return event.data.skipped ? state : { ...state, unreadable: state.unreadable ?? event.data.reason };
    default:
      // A type that TypeScript does not know of cannot come from our reader; nothing is known afterwards.
      return { ...state, unreadable: state.unreadable ?? 'an event of an unknown type' };
  }
}

function created({ data }: EventOf<'session.created'>): SessionState {
  return {
    ...initialState,
    lifecycle: data.source === null ? 'live' : 'copying',
    name: data.name,
    metadata: data.metadata,
    instructions: data.instructions,
    timeoutSeconds: data.timeout_seconds,
    hasOrigin: data.setup !== null || data.source !== null,
    installs: data.root === true || data.setup !== null,
    desktop: data.desktop ?? false,
  };
}

/** A computer that was never started has nothing to keep. */
function isRootFilesystemDue({ installs, node }: SessionState): boolean {
  return installs && node !== null;
}

function controlOf({ data }: EventOf<'control.taken'>): Control {
  return { leaseId: data.lease_id, by: data.by, until: data.until };
}

/** A computer that was not empty at its first start is kept at once, so that a remix of turn zero has its files. */
function computerStarted(state: SessionState, { data }: EventOf<'computer.started'>): SessionState {
  return {
    ...state,
    status: state.turn === null ? 'idle' : 'busy',
    computerRunning: true,
    node: data.node,
    error: null,
    snapshotDue: state.snapshotDue || (state.firstStart && state.hasOrigin),
    firstStart: false,
  };
}

/** While a remix copies its prefix, the source's turns leave the status alone. */
function turnStarted(state: SessionState, { data }: EventOf<'turn.started'>): SessionState {
  return {
    ...state,
    status: state.lifecycle === 'copying' ? state.status : 'busy',
    turn: { id: data.turn_id, messageIds: data.message_ids, openToolUses: [], touchedFiles: false },
    endedTurnId: null,
    pendingMessageIds: state.pendingMessageIds.filter((id) => !data.message_ids.includes(id)),
  };
}

function responded(state: SessionState, { data }: EventOf<'model.responded'>): SessionState {
  if (state.turn?.id !== data.turn_id) return { ...state, endedTurnId: null };
  return withTurn(state, (turn) => ({ ...turn, openToolUses: toolUsesIn(data.content) }));
}

function endTurn(state: SessionState): SessionState {
  if (state.turn === null) return state;
  return {
    ...state,
    status: state.status === 'busy' ? 'idle' : state.status,
    turn: null,
    snapshotDue: state.snapshotDue || state.turn.touchedFiles,
  };
}

function updated(state: SessionState, { data }: EventOf<'session.updated'>): SessionState {
  return {
    ...state,
    name: data.name ?? state.name,
    metadata: data.metadata ?? state.metadata,
    timeoutSeconds: data.timeout_seconds ?? state.timeoutSeconds,
    instructions: data.instructions === undefined ? state.instructions : data.instructions,
  };
}

function withTurn(state: SessionState, change: (turn: Turn) => Turn): SessionState {
  return state.turn === null ? state : { ...state, turn: change(state.turn) };
}

export function toolUsesIn(content: ContentBlock[]): OpenToolUse[] {
  return content.filter(isToolUse).map(({ id, name }) => ({ id, name, started: false }));
}
