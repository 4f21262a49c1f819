import { describe, expect, it } from '@jest/globals';
import { envelop, event, type EventEnvelope, type SessionEvent } from '#domain';
import { brokenRules } from './invariants.js';

const none = { acknowledged: new Map<string, Set<string>>() };
const created = event('session.created', {
  name: 'a',
  model: 'm',
  system_prompt: '',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 0,
  created_by: 'user:local',
  secrets: {},
  source: null,
});
const computer = event('computer.started', {
  driver: 'local',
  node: 'n',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created',
});
const posted = event('message.posted', { message_id: 'm1', role: 'user', content: 'hi', metadata: {} });
const turn = event('turn.started', { turn_id: 't1', message_ids: ['m1'] });
const asks = event('model.responded', {
  turn_id: 't1',
  message_id: 'r1',
  model: 'm',
  content: [{ type: 'tool_use', id: 'u1', name: 'bash', input: {} }],
  stop_reason: 'tool_use',
  usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  request_digest: '',
  took_ms: 1,
});
const toolStarted = event('tool.started', { turn_id: 't1', use_id: 'u1', name: 'bash', input: {} });
const toolDone = event('tool.completed', {
  turn_id: 't1',
  use_id: 'u1',
  content: '',
  is_error: false,
  outcome: 'completed',
  took_ms: 1,
});
const done = event('turn.completed', { turn_id: 't1', stop_reason: 'end_turn' });
const whole = [created, computer, posted, turn, asks, toolStarted, toolDone, done];

function logOf(events: SessionEvent[], subject = 's'): EventEnvelope[] {
  return events.map((one, index) =>
    envelop(subject, index + 1, one, {
      id: `${subject}-${index}`,
      time: '2026-01-01T00:00:00Z',
      source: '/test',
      actor: 'test',
      commandid: 'c',
      correlationid: 'c',
    }),
  );
}

describe('the rules of a log', () => {
  it('finds nothing in a whole history', () => {
    expect(brokenRules(logOf(whole), none)).toEqual([]);
  });

  it('finds an acknowledged message that is not there', () => {
    const acknowledged = new Map([['s', new Set(['m1', 'm2'])]]);
    expect(brokenRules(logOf(whole), { acknowledged })).toEqual([
      's: the acknowledged message m2 is not on the log',
    ]);
  });

  const without = (gone: SessionEvent) => whole.filter((one) => one !== gone);
  const twice = (again: SessionEvent) => whole.flatMap((one) => (one === again ? [one, one] : [one]));
  it.each<[string, SessionEvent[], RegExp]>([
    ['a message posted twice', twice(posted), /posts m1 again/],
    ['a message answered twice', [...whole, turn, done], /answers m1 again/],
    ['a turn inside a turn', twice(turn), /while turn t1 is open/],
    ['a tool that ran twice', twice(toolStarted), /u1 started after it was started/],
    ['a tool that was completed twice', twice(toolDone), /u1 completed after it was completed/],
    ['a tool that completed before it started', without(toolStarted), /completed after it was asked/],
    ['a tool that nobody asked for', without(asks), /never asked for/],
    ['a tool without a result', [...without(toolDone)], /u1 was started and has no result/],
    ['a turn without an end', without(done), /turn t1 never ended/],
    ['a message that waits for ever', without(turn).slice(0, 3), /m1 were never taken up/],
    ['an event after the deletion', [...whole, event('session.deleted', {}), posted], /follows the deletion/],
  ])('finds %s', (_what, events, expected) => {
    expect(brokenRules(logOf(events), none).join('\n')).toMatch(expected);
  });

  it('finds a gap between versions, and an id used twice', () => {
    const log = logOf(whole);
    expect(brokenRules([...log.slice(0, 2), ...log.slice(3)], none).join('\n')).toMatch(
      /version 4 where 3 is due/,
    );
    expect(brokenRules([...log, ...log.slice(0, 1)], none).join('\n')).toMatch(/s-0 is on the log twice/);
  });
});
