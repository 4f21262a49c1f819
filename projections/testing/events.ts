import { event, type EventData, type EventType, type SessionCreated, type SessionEvent } from '#domain';

/** Picks an integer from 0 to n - 1. */
export type Dice = (n: number) => number;

export function createdData(changes: Partial<SessionCreated> = {}): SessionCreated {
  return {
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
    created_by: 'user:ada',
    secrets: {},
    source: null,
    ...changes,
  };
}

export function responded(turnId: string, messageId: string, text: string): EventData['model.responded'] {
  return {
    turn_id: turnId,
    message_id: messageId,
    model: 'claude-sonnet-5-5',
    content: [
      { type: 'text', text },
      { type: 'tool_use', id: `use-${messageId}`, name: 'bash', input: { command: 'ls' } },
    ],
    stop_reason: 'tool_use',
    usage: {
      input_tokens: 100,
      output_tokens: 20,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 1,
    },
    request_digest: 'sha256:0',
    took_ms: 1,
  };
}

export function computerStarted(computerId = 'raworc_session_1'): EventData['computer.started'] {
  return {
    driver: 'docker',
    node: 'n1',
    image: null,
    computer_id: computerId,
    took_ms: 5,
    origin: 'created',
  };
}

/** Types that can come at any point after `session.created`; the session's end comes on its own. */
const TYPES = [
  'session.remixed',
  'computer.started',
  'computer.failed',
  'computer.disrupted',
  'control.taken',
  'control.released',
  'message.posted',
  'turn.started',
  'model.responded',
  'tool.started',
  'tool.completed',
  'turn.completed',
  'turn.failed',
  'turn.interrupted',
  'files.snapshotted',
  'files.snapshot_failed',
  'root_filesystem.kept',
  'messages.cleared',
  'session.closed',
  'session.restored',
  'session.updated',
  'state.forced',
  'session.deleted',
] as const satisfies EventType[];

const STATES = ['init', 'idle', 'busy', 'closed'] as const;

/** Builds events that are well formed one by one, in any order: views must take them all, as the domain does. */
export function eventMaker(dice: Dice) {
  let made = 0;
  const messages: string[] = [];
  let turn = 'turn-0';
  const data: { [T in (typeof TYPES)[number]]: () => EventData[T] } = {
    'session.remixed': () => ({
      source_id: 'source',
      source_version: 3,
      copied: { events: 1, messages: 1, files: 0, bytes: 0, secrets: 0 },
      files: null,
    }),
    'computer.started': () => computerStarted(`computer-${made}`),
    'computer.failed': () => ({ reason: `no space ${made}`, attempt: 1, gave_up: dice(2) === 0 }),
    'computer.disrupted': () => ({ reason: 'killed', detail: `killed ${made}`, running: dice(2) === 0 }),
    'control.taken': () => ({ lease_id: `lease-${made}`, by: `user:${dice(3)}`, until: made }),
    'control.released': () => ({ lease_id: `lease-${made}`, reason: 'returned' }),
    'message.posted': () => {
      messages.push(`message-${made}`);
      return { message_id: `message-${made}`, role: 'user', content: `hello ${made}`, metadata: { n: made } };
    },
    'turn.started': () => {
      turn = `turn-${made}`;
      return { turn_id: turn, message_ids: messages.slice(-1 - dice(2)) };
    },
    'model.responded': () => responded(turn, `reply-${made}`, dice(3) === 0 ? '' : `reply ${made}`),
    'tool.started': () => ({ turn_id: turn, use_id: `use-${made}`, name: 'bash', input: {} }),
    'tool.completed': () => ({
      turn_id: turn,
      use_id: `use-${made}`,
      content: 'ok',
      is_error: false,
      outcome: 'completed',
      took_ms: 1,
    }),
    'turn.completed': () => ({ turn_id: turn, stop_reason: 'end_turn' }),
    'turn.failed': () => ({ turn_id: turn, reason: 'model_unavailable', message: `no answer ${made}` }),
    'turn.interrupted': () => ({ turn_id: turn, by: 'user:ada' }),
    'files.snapshotted': () => ({
      snapshot_id: `snapshot-${made}`,
      digest: 'sha256:1',
      bytes: 1,
      files: 1,
      changed: { added: 1, modified: 0, removed: 0 },
      lines: { added: 1, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 1,
      stored_bytes: 1,
      at_version: 1,
      took_ms: 1,
    }),
    'files.snapshot_failed': () => ({ reason: 'disk', at_version: 1 }),
    'root_filesystem.kept': () => ({ took_ms: 1 }),
    'messages.cleared': () => ({}),
    'session.closed': () => ({ reason: 'requested' }),
    'session.restored': () => ({ reason: 'requested' }),
    'session.updated': () => ({
      name: `name-${made}`,
      timeout_seconds: dice(3) * 100,
      metadata: { n: made },
    }),
    'state.forced': () => ({ from: 'idle', to: STATES[dice(STATES.length)] ?? 'init' }),
    'session.deleted': () => ({}),
  };
  return {
    created: (id: string): SessionEvent =>
      event(
        'session.created',
        createdData({
          name: `name-of-${id}`,
          root: dice(2) === 0,
          source: dice(3) === 0 ? remixSource() : null,
        }),
      ),
    next(): SessionEvent {
      made += 1;
      const type = TYPES[dice(TYPES.length)] ?? 'message.posted';
      return event(type, data[type]());
    },
  };
}

function remixSource(): SessionCreated['source'] {
  const parts = { messages: true, data: true, code: true, secrets: true };
  return { session_id: 'source', version: 3, snapshot_id: null, parts };
}
