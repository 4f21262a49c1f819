import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decide,
  DomainError,
  evolve,
  initialState,
  type SessionCommand,
  type SessionState,
} from './index.js';

const by = 'user:local';
const turnId = fc.constantFrom('t1', 't2');
const useId = fc.constantFrom('u1', 'u2');
const responseType = fc.constantFrom('record-response' as const, 'record-late-response' as const);
const usage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};
const settings = {
  model: 'm',
  system_prompt: '',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 1,
  created_by: by,
  secrets: {},
  source: null,
};

let messages = 0;
const command: fc.Arbitrary<SessionCommand> = fc.oneof(
  fc.boolean().map((root): SessionCommand => ({ type: 'create', data: { ...settings, root, name: 'n' } })),
  fc.constant<SessionCommand>({ type: 'close', reason: 'requested', by }),
  fc.constant<SessionCommand>({ type: 'restore', reason: 'requested' }),
  fc.constant<SessionCommand>({ type: 'interrupt', by }),
  fc
    .constantFrom('idle' as const, 'closed' as const)
    .map((to): SessionCommand => ({ type: 'force-state', to, by })),
  fc.constant(0).map((): SessionCommand => {
    const data = { message_id: `m${messages++}`, role: 'user' as const, content: 'x', metadata: {} };
    return { type: 'post-message', data };
  }),
  fc.constant<SessionCommand>({ type: 'clear-messages' }),
  turnId.map((id): SessionCommand => ({ type: 'start-turn', turnId: id, messageIds: [] })),
  fc.tuple(responseType, turnId, fc.uniqueArray(useId)).map(([type, turn_id, uses]): SessionCommand => ({
    type,
    data: {
      turn_id,
      message_id: 'h',
      model: 'm',
      content: uses.map((id) => ({ type: 'tool_use', id, name: 'bash', input: {} })),
      stop_reason: 'tool_use',
      usage,
      request_digest: '',
      took_ms: 0,
    },
  })),
  fc.tuple(turnId, useId).map(([turn_id, use_id]): SessionCommand => ({
    type: 'start-tool',
    data: { turn_id, use_id, name: 'bash', input: {} },
  })),
  fc.tuple(turnId, useId).map(([turn_id, use_id]): SessionCommand => ({
    type: 'complete-tool',
    data: { turn_id, use_id, content: '', is_error: false, outcome: 'completed', took_ms: 0 },
  })),
  turnId.map((turn_id): SessionCommand => ({
    type: 'complete-turn',
    data: { turn_id, stop_reason: 'end_turn' },
  })),
  turnId.map((id): SessionCommand => ({ type: 'fail-turn', turnId: id, reason: 'internal', message: '' })),
  fc.constant<SessionCommand>({
    type: 'report-computer-started',
    data: { driver: 'd', node: 'n', image: null, computer_id: 'c', took_ms: 0, origin: 'created' },
  }),
  fc.boolean().map((gave_up): SessionCommand => ({
    type: 'report-computer-failed',
    data: { reason: 'r', attempt: 1, gave_up },
  })),
  fc.constant<SessionCommand>({
    type: 'record-snapshot',
    data: {
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
      at_version: 1,
      took_ms: 0,
    },
  }),
  fc.constant<SessionCommand>({ type: 'record-root-filesystem', data: { took_ms: 0 } }),
  fc.constant<SessionCommand>({ type: 'delete' }),
  fc.constant<SessionCommand>({ type: 'erase' }),
);

/** Takes up the real next message, so that random walks get into turns. */
function aimed(state: SessionState, next: SessionCommand): SessionCommand {
  return next.type === 'start-turn' ? { ...next, messageIds: state.pendingMessageIds.slice(0, 1) } : next;
}

function check(before: SessionState, after: SessionState): void {
  expect(after.status === 'busy').toBe(after.turn !== null && after.lifecycle === 'live');
  if (after.status === 'closed') expect(after.computerRunning).toBe(false);
  if (after.status === 'idle' && after.lifecycle === 'live')
    expect(after.computerRunning || after.version > 0).toBe(true);
  if (after.rootFilesystemDue) expect(after.status).toBe('closed');
  if (before.lifecycle === 'erased') expect(after).toBe(before);
  // A turn never ends with a tool use that has no result: the model's API would refuse the history for ever.
  if (before.turn !== null && after.turn === null) expect(after.status).not.toBe('busy');
}

describe('the session as a state machine', () => {
  it('keeps its invariants on every path, and refuses only with domain errors', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 80 }), (commands) => {
        let state = initialState;
        for (const next of commands) {
          let events;
          try {
            events = decide(state, aimed(state, next));
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
            continue;
          }
          const after = events.reduce<SessionState>(evolve, state);
          expect(after.version).toBe(state.version + events.length);
          check(state, after);
          state = after;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('answers every tool use before a turn ends', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 80 }), (commands) => {
        let state = initialState;
        const open = new Set<string>();
        for (const next of commands) {
          let events;
          try {
            events = decide(state, aimed(state, next));
          } catch {
            continue;
          }
          for (const happened of events) {
            if (happened.type === 'model.responded') {
              for (const block of happened.data.content) open.add(String(block['id']));
            }
            if (happened.type === 'tool.completed') open.delete(happened.data.use_id);
            if (happened.type.startsWith('turn.') && happened.type !== 'turn.started')
              expect([...open]).toEqual([]);
            if (happened.type === 'session.erased') open.clear();
          }
          state = events.reduce<SessionState>(evolve, state);
        }
      }),
      { numRuns: 500 },
    );
  });
});
