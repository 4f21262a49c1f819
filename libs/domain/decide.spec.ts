import { describe, expect, it } from '@jest/globals';
import {
  decide,
  DomainError,
  event,
  fold,
  type EventOf,
  type SessionCommand,
  type SessionCreated,
  type SessionEvent,
} from './index.js';

const settings: SessionCreated = {
  name: 'quiet-otter-42',
  model: 'claude-sonnet-5-5',
  system_prompt: 'You are Host.',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 300,
  created_by: 'user:local',
  secrets: {},
  source: null,
};
const created = event('session.created', settings);
const started = event('computer.started', {
  driver: 'local',
  node: 'n1',
  image: null,
  computer_id: 'c1',
  took_ms: 1,
  origin: 'created',
});
const posted = (id: string): EventOf<'message.posted'> =>
  event('message.posted', { message_id: id, role: 'user', content: 'hello', metadata: {} });
const turn = event('turn.started', { turn_id: 't1', message_ids: ['m1'] });
const responded = (...uses: string[]): EventOf<'model.responded'> =>
  event('model.responded', {
    turn_id: 't1',
    message_id: 'h1',
    model: 'claude-sonnet-5-5',
    content: uses.map((id) => ({ type: 'tool_use', id, name: 'bash', input: {} })),
    stop_reason: uses.length > 0 ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    request_digest: 'd',
    took_ms: 1,
  });
const toolStarted = (id: string): EventOf<'tool.started'> =>
  event('tool.started', { turn_id: 't1', use_id: id, name: 'bash', input: {} });
const toolCompleted = (id: string): EventOf<'tool.completed'> =>
  event('tool.completed', {
    turn_id: 't1',
    use_id: id,
    content: '',
    is_error: false,
    outcome: 'completed',
    took_ms: 1,
  });
const completed = event('turn.completed', { turn_id: 't1', stop_reason: 'end_turn' });
const closed = event('session.closed', { reason: 'requested' });

const idle = [created, started];
const busy = [...idle, posted('m1'), turn];
const close: SessionCommand = { type: 'close', reason: 'requested', by: 'user:local' };
const restore: SessionCommand = { type: 'restore', reason: 'requested' };

const given = (...history: SessionEvent[]) => ({
  when: (command: SessionCommand) => ({
    then: (...types: SessionEvent['type'][]) =>
      expect(decide(fold(history), command).map(({ type }) => type)).toEqual(types),
    refused: (code: string) => {
      expect(() => decide(fold(history), command)).toThrow(DomainError);
      expect(() => decide(fold(history), command)).toThrow(expect.objectContaining({ code }));
    },
  }),
});

describe('creating', () => {
  it('begins the history', () => given().when({ type: 'create', data: settings }).then('session.created'));
  it('never uses an id twice', () =>
    given(created, event('session.deleted', {}))
      .when({ type: 'create', data: settings })
      .refused('session_exists'));
});

describe('a session that is not there', () => {
  it('refuses what is asked of nobody', () => given().when(close).refused('session_not_found'));
  it('refuses what is asked of a deleted one', () =>
    given(created, event('session.deleted', {})).when(restore).refused('session_not_found'));
  it('refuses what is asked of a remix that is still being copied', () => {
    const source = {
      session_id: 's',
      version: 1,
      snapshot_id: null,
      parts: { messages: true, data: true, code: true, secrets: true },
    };
    given(event('session.created', { ...settings, source }))
      .when(close)
      .refused('session_not_found');
  });
});

describe('what was installed', () => {
  const installed = [event('session.created', { ...settings, root: true }), started];
  const kept = event('root_filesystem.kept', { took_ms: 1 });
  const record: SessionCommand = { type: 'record-root-filesystem', data: kept.data };

  it('is kept once after a close', () => {
    given(...installed, closed)
      .when(record)
      .then('root_filesystem.kept');
    given(...installed, closed, kept)
      .when(record)
      .then();
  });
  it('by a setup is kept too', () =>
    given(event('session.created', { ...settings, setup: 'true' }), started, closed)
      .when(record)
      .then('root_filesystem.kept'));
  it('is kept of a session that was given up', () =>
    given(...installed, event('computer.failed', { reason: 'r', attempt: 3, gave_up: true }))
      .when(record)
      .then('root_filesystem.kept'));
  it('is nothing where nobody is root, the computer never ran, or runs again', () => {
    given(...idle, closed)
      .when(record)
      .then();
    given(event('session.created', { ...settings, root: true }), closed)
      .when(record)
      .then();
    given(...installed, closed, event('session.restored', { reason: 'requested' }))
      .when(record)
      .then();
  });
});

describe('closing', () => {
  it('closes in init and idle', () => {
    given(created).when(close).then('session.closed');
    given(...idle)
      .when(close)
      .then('session.closed');
  });
  it('changes nothing when it is closed', () =>
    given(...idle, closed)
      .when(close)
      .then());
  it('ends a running turn first, with a result for every open tool use', () => {
    given(...busy, responded('u1', 'u2'), toolStarted('u1'))
      .when(close)
      .then('tool.completed', 'tool.completed', 'turn.interrupted', 'session.closed');
  });
  it('tells a tool that ran from one that did not', () => {
    const events = decide(fold([...busy, responded('u1', 'u2'), toolStarted('u1')]), close);
    const outcomes = events.flatMap((e) => (e.type === 'tool.completed' ? [e.data.outcome] : []));
    expect(outcomes).toEqual(['interrupted', 'not_executed']);
  });
  it('lets an idle timer lose against new work', () => {
    const timer: SessionCommand = { type: 'close', reason: 'idle_timeout', by: 'operator', ifVersion: 2 };
    given(...idle)
      .when(timer)
      .then('session.closed');
    given(...idle, posted('m1'))
      .when(timer)
      .then();
    given(...busy)
      .when({ ...timer, ifVersion: 4 })
      .then();
  });
});

describe('restoring', () => {
  it('brings a closed session back to init', () =>
    given(...idle, closed)
      .when(restore)
      .then('session.restored'));
  it('changes nothing when it runs', () =>
    given(...idle)
      .when(restore)
      .then());
  it('clears the error of a computer that gave up', () => {
    const failed = event('computer.failed', { reason: 'no disk', attempt: 3, gave_up: true });
    expect(fold([created, failed])).toMatchObject({ status: 'closed', error: 'no disk' });
    expect(fold([created, failed, event('session.restored', { reason: 'requested' })])).toMatchObject({
      status: 'init',
      error: null,
    });
  });
});

describe('messages', () => {
  const post: SessionCommand = { type: 'post-message', data: posted('m2').data };
  it('are taken in every running state', () => {
    given(created).when(post).then('message.posted');
    given(...idle)
      .when(post)
      .then('message.posted');
    given(...busy)
      .when(post)
      .then('message.posted');
  });
  it('restore a closed session', () =>
    given(...idle, closed)
      .when(post)
      .then('session.restored', 'message.posted'));
  it('wait in order', () => {
    expect(fold([...busy, posted('m2'), posted('m3')]).pendingMessageIds).toEqual(['m2', 'm3']);
  });
  it('are cleared once, and queued ones with them', () => {
    given(...idle, posted('m1'))
      .when({ type: 'clear-messages' })
      .then('messages.cleared');
    given(...idle, posted('m1'), event('messages.cleared', {}))
      .when({ type: 'clear-messages' })
      .then();
    expect(fold([...idle, posted('m1'), event('messages.cleared', {})]).pendingMessageIds).toEqual([]);
  });
});

describe('a turn', () => {
  const start: SessionCommand = { type: 'start-turn', turnId: 't2', messageIds: ['m1'] };
  it('starts with the oldest message of an idle session', () =>
    given(...idle, posted('m1'), posted('m2'))
      .when(start)
      .then('turn.started'));
  it('does not start while another runs, without a computer, or out of order', () => {
    given(...busy, posted('m2'))
      .when({ ...start, messageIds: ['m2'] })
      .refused('turn_not_possible');
    given(created, posted('m1')).when(start).refused('turn_not_possible');
    given(...idle, posted('m0'), posted('m1'))
      .when(start)
      .refused('turn_not_possible');
  });
  it('waits until the files of the turn before are kept', () => {
    const after = [
      ...busy,
      responded('u1'),
      toolStarted('u1'),
      toolCompleted('u1'),
      responded(),
      completed,
      posted('m2'),
    ];
    const kept = event('files.snapshotted', {
      snapshot_id: 's1',
      digest: 'd',
      bytes: 0,
      files: 0,
      changed: { added: 0, modified: 0, removed: 0 },
      lines: { added: 0, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 0,
      stored_bytes: 0,
      at_version: 9,
      took_ms: 1,
    });
    given(...after)
      .when({ ...start, messageIds: ['m2'] })
      .refused('turn_not_possible');
    given(...after, kept)
      .when({ ...start, messageIds: ['m2'] })
      .then('turn.started');
  });
  it('runs each tool once', () => {
    const twice: SessionCommand = { type: 'start-tool', data: toolStarted('u1').data };
    given(...busy, responded('u1'))
      .when(twice)
      .then('tool.started');
    given(...busy, responded('u1'), toolStarted('u1'))
      .when(twice)
      .refused('step_out_of_order');
  });
  it('takes one result for a tool use', () => {
    const done: SessionCommand = { type: 'complete-tool', data: toolCompleted('u1').data };
    given(...busy, responded('u1'), toolStarted('u1'))
      .when(done)
      .then('tool.completed');
    given(...busy, responded('u1'), toolStarted('u1'), toolCompleted('u1'))
      .when(done)
      .refused('step_out_of_order');
  });
  it('does not ask the model again, or end, with a tool use open', () => {
    given(...busy, responded('u1'))
      .when({ type: 'record-response', data: responded().data })
      .refused('step_out_of_order');
    given(...busy, responded('u1'))
      .when({ type: 'complete-turn', data: completed.data })
      .refused('step_out_of_order');
  });
  it('is over for a host whose turn was interrupted', () => {
    const interrupted = event('turn.interrupted', { turn_id: 't1', by: 'user:local' });
    given(...busy, interrupted)
      .when({ type: 'record-response', data: responded().data })
      .refused('turn_over');
  });
  it('takes what its model had said when it was ended from outside, once, until the next one begins', () => {
    const interrupted = event('turn.interrupted', { turn_id: 't1', by: 'user:local' });
    const late: SessionCommand = { type: 'record-late-response', data: responded('u1').data };
    const next = event('turn.started', { turn_id: 't2', message_ids: ['m2'] });
    given(...busy, interrupted, closed)
      .when(late)
      .then('model.responded', 'tool.completed');
    given(...busy)
      .when(late)
      .refused('turn_over');
    given(...busy, interrupted, responded(), toolCompleted('u1'))
      .when(late)
      .refused('turn_over');
    for (const later of [next, event('messages.cleared', {})])
      given(...busy, interrupted, later)
        .when(late)
        .refused('turn_over');
    given(...busy, completed)
      .when(late)
      .refused('turn_over');
  });
  it('answers what is open when it fails', () => {
    given(...busy, responded('u1'))
      .when({ type: 'fail-turn', turnId: 't1', reason: 'internal', message: 'x' })
      .then('tool.completed', 'turn.failed');
  });
  it('is interrupted at any step, and there is nothing to interrupt without one', () => {
    given(...busy)
      .when({ type: 'interrupt', by: 'user:local' })
      .then('turn.interrupted');
    given(...idle)
      .when({ type: 'interrupt', by: 'user:local' })
      .then();
  });
});

describe('recovery', () => {
  const force: SessionCommand = { type: 'force-state', to: 'idle', by: 'user:local' };
  it('ends a stuck turn and has the computer checked', () => {
    given(...busy, responded('u1'))
      .when(force)
      .then('tool.completed', 'turn.interrupted', 'state.forced');
    const events = decide(fold(busy), force);
    expect(fold([...busy, ...events])).toMatchObject({ status: 'init', computerRunning: false, turn: null });
  });
  it('reopens a closed session', () =>
    given(...idle, closed)
      .when(force)
      .then('session.restored', 'state.forced'));
});

describe('the computer', () => {
  it('is started once', () =>
    given(...idle)
      .when({ type: 'report-computer-started', data: started.data })
      .then());
  it('must be stopped again when the session was closed meanwhile', () =>
    given(created, closed)
      .when({ type: 'report-computer-started', data: started.data })
      .refused('illegal_transition'));
  it('takes its turn down when it is given up, and not before', () => {
    const failed = (gave_up: boolean): SessionCommand => ({
      type: 'report-computer-failed',
      data: { reason: 'out of memory', attempt: 1, gave_up },
    });
    given(...busy, responded('u1'))
      .when(failed(false))
      .then('computer.failed');
    given(...busy, responded('u1'))
      .when(failed(true))
      .then('tool.completed', 'turn.failed', 'computer.failed');
  });
  it('has files of no version while a turn changes them', () => {
    const data = {
      snapshot_id: 's',
      digest: 'd',
      bytes: 0,
      files: 0,
      changed: { added: 0, modified: 0, removed: 0 },
      lines: { added: 0, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 0,
      stored_bytes: 0,
      at_version: 3,
      took_ms: 1,
    };
    given(...busy)
      .when({ type: 'record-snapshot', data })
      .refused('snapshot_outdated');
  });
});

describe('deleting and erasing', () => {
  it('deletes in every state', () => {
    given(created).when({ type: 'delete' }).then('session.deleted');
    given(...idle, closed)
      .when({ type: 'delete' })
      .then('session.deleted');
    given(...busy)
      .when({ type: 'delete' })
      .then('turn.interrupted', 'session.deleted');
  });
  it('leaves nothing of an erased session, not even of its running turn', () => {
    const erased = event('session.erased', {});
    expect(fold([...busy, erased])).toEqual({ ...fold([erased]), version: busy.length + 1 });
  });
  it('erases a deleted session, once', () => {
    const deleted = event('session.deleted', {});
    given(created, deleted).when({ type: 'erase' }).then('session.erased');
    given(created, deleted, event('session.erased', {})).when({ type: 'erase' }).then();
  });
});

describe('updating', () => {
  it('keeps only what changes', () => {
    const changes = { name: 'quiet-otter-42', timeout_seconds: 60 };
    expect(decide(fold(idle), { type: 'update', changes })).toEqual([
      event('session.updated', { timeout_seconds: 60 }),
    ]);
    given(...idle)
      .when({ type: 'update', changes: { metadata: {} } })
      .then();
  });
});
