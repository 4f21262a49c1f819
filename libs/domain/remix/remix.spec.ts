import { describe, expect, it } from '@jest/globals';
import {
  envelop,
  event,
  fold,
  planRemix,
  turnBoundary,
  type EventEnvelope,
  type RemixRequest,
  type SessionEvent,
} from '../index.js';

const usage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

function turnEvents(n: number): SessionEvent[] {
  const turn_id = `turn-${n}`;
  const content = [
    { type: 'thinking', thinking: 'hm', signature: 'x' },
    { type: 'text', text: `answer ${n}` },
  ];
  return [
    event('message.posted', {
      message_id: `message-${n}`,
      role: 'user',
      content: `question ${n}`,
      metadata: {},
    }),
    event('turn.started', { turn_id, message_ids: [`message-${n}`] }),
    event('model.responded', {
      turn_id,
      message_id: `reply-${n}`,
      model: 'm',
      content,
      stop_reason: 'end_turn',
      usage,
      request_digest: '',
      took_ms: 1,
    }),
    event('turn.completed', { turn_id, stop_reason: 'end_turn' }),
    event('files.snapshotted', {
      snapshot_id: `snapshot-${n}`,
      digest: 'd',
      bytes: 10 * n,
      files: n,
      changed: { added: 1, modified: 0, removed: 0 },
      lines: { added: 1, removed: 0 },
      skipped: [],
      skipped_total: 0,
      paused_ms: 1,
      stored_bytes: 1,
      at_version: 2 + 5 * (n - 1) + 4,
      took_ms: 1,
    }),
  ];
}

const history = ((): EventEnvelope[] => {
  const events: SessionEvent[] = [
    event('session.created', {
      name: 'source',
      model: 'm',
      system_prompt: 'prompt:null',
      tools: [{ name: 'bash' }],
      instructions: null,
      setup: 'apt-get install x',
      limits: {},
      image: null,
      metadata: { team: 'a' },
      timeout_seconds: 300,
      created_by: 'user:local',
      secrets: {},
      source: null,
    }),
    event('computer.started', {
      driver: 'd',
      node: 'n',
      image: null,
      computer_id: 'c',
      took_ms: 1,
      origin: 'created',
    }),
    ...turnEvents(1),
    ...turnEvents(2),
    event('session.updated', { metadata: { team: 'b' } }),
    event('message.posted', { message_id: 'message-3', role: 'user', content: 'unanswered', metadata: {} }),
  ];
  return sealed(events, 1);
})();

function sealed(events: SessionEvent[], firstVersion: number): EventEnvelope[] {
  return events.map((one, index) =>
    envelop('source-id', firstVersion + index, one, {
      id: `event-${firstVersion + index}`,
      time: '2026-01-01T00:00:00.000Z',
      source: '/raworc',
      actor: 'user:local',
      commandid: 'c',
      correlationid: 'c',
    }),
  );
}

function request(changes: Partial<RemixRequest> = {}): RemixRequest {
  let next = 0;
  return {
    sourceId: 'source-id',
    at: undefined,
    parts: { messages: true, data: true, code: true, secrets: true },
    overrides: { name: 'fork', created_by: 'user:local' },
    composePrompt: ({ instructions }) => `prompt:${instructions}`,
    secrets: {},
    newId: () => `new-${++next}`,
    ...changes,
  };
}

const types = (planned: ReturnType<typeof planRemix>) => planned.map((one) => one.event.type);

describe('the point of a remix', () => {
  it('is the last finished turn unless another is named', () =>
    expect(turnBoundary(history, undefined)).toBe(11));
  it('snaps a version back to the end of a turn', () => {
    expect(turnBoundary(history, { version: 10 })).toBe(6);
    expect(turnBoundary(history, { version: 6 })).toBe(6);
    expect(turnBoundary(history, { version: 3 })).toBe(1);
  });
  it('takes a message with its whole turn, whoever wrote it', () => {
    expect(turnBoundary(history, { messageId: 'message-1' })).toBe(6);
    expect(turnBoundary(history, { messageId: 'reply-2' })).toBe(11);
  });
  it('refuses a point that is not there', () => {
    expect(() => turnBoundary(history, { version: 99 })).toThrow('versions 1 to 14');
    expect(() => turnBoundary(history, { messageId: 'message-3' })).toThrow('not part of a finished turn');
  });
});

describe('a remix', () => {
  it('is a new session with the finished turns of its source', () => {
    const planned = planRemix(history, request());
    expect(types(planned)).toEqual([
      'session.created',
      'message.posted',
      'turn.started',
      'model.responded',
      'turn.completed',
      'message.posted',
      'turn.started',
      'model.responded',
      'turn.completed',
      'session.remixed',
    ]);
    expect(fold(planned.map((one) => one.event))).toMatchObject({
      lifecycle: 'live',
      status: 'init',
      turn: null,
      name: 'fork',
    });
  });

  it('brings the files of the same point, and says what was copied', () => {
    const first = planRemix(history, request({ at: { version: 6 } }));
    expect(first[0]?.event.data).toMatchObject({
      source: { session_id: 'source-id', version: 6, snapshot_id: 'snapshot-1' },
    });
    expect(first.at(-1)?.event.data).toMatchObject({
      source_version: 6,
      copied: { messages: 2, files: 1, bytes: 10 },
    });
    const last = planRemix(history, request());
    expect(last[0]?.event.data).toMatchObject({ source: { snapshot_id: 'snapshot-2' } });
  });

  it('shares no id with its source and names the event behind each copy', () => {
    const copies = planRemix(history, request()).slice(1, -1);
    expect(JSON.stringify(copies.map((one) => one.event.data))).not.toMatch(/"(message|reply|turn)-\d"/);
    expect(copies.map((one) => one.causationid)).toEqual([3, 4, 5, 6, 8, 9, 10, 11].map((n) => `event-${n}`));
    const [, , started] = planRemix(history, request());
    const [, posted] = planRemix(history, request());
    expect(started?.event.data).toMatchObject({
      message_ids: [(posted?.event.data as { message_id: string }).message_id],
    });
  });

  it('has the settings of its point, and what is asked for instead', () => {
    const [created] = planRemix(
      history,
      request({ overrides: { name: 'fork', created_by: 'user:local', model: 'other' } }),
    );
    expect(created?.event.data).toMatchObject({
      name: 'fork',
      model: 'other',
      metadata: { team: 'a' },
      setup: null,
    });
  });

  it('keeps thinking only under the very prompt that it is bound to', () => {
    const thinking = (changes: Partial<RemixRequest>) =>
      JSON.stringify(planRemix(history, request(changes))).includes('"thinking"');
    expect(thinking({})).toBe(true);
    expect(thinking({ overrides: { name: 'fork', created_by: 'u', instructions: 'be brief' } })).toBe(false);
    expect(thinking({ overrides: { name: 'fork', created_by: 'u', model: 'other' } })).toBe(false);
  });

  it('drops thinking that was bound to instructions which changed and changed back', () => {
    const back = [
      ...history.slice(0, 7),
      ...sealed(
        [
          event('session.updated', { instructions: 'be brief' }),
          ...turnEvents(2),
          event('session.updated', { instructions: null }),
          ...turnEvents(3),
        ],
        8,
      ),
    ];
    const planned = planRemix(back, request());
    expect(planned[0]?.event).toMatchObject({ data: { system_prompt: 'prompt:null' } });
    expect(types(planned)).toContain('model.responded');
    expect(JSON.stringify(planned)).not.toContain('"thinking"');
  });

  it('takes along what was said in a turn that was interrupted, though its end came first', () => {
    const [posted, started, responded] = turnEvents(1) as [SessionEvent, SessionEvent, SessionEvent];
    const steps = [
      posted,
      started,
      event('turn.interrupted', { turn_id: 'turn-1', by: 'user:local' }),
      event('session.closed', { reason: 'requested' }),
      event('message.posted', { message_id: 'message-2', role: 'user', content: 'next', metadata: {} }),
      responded,
    ];
    const interrupted = [...history.slice(0, 2), ...sealed(steps, 3)];
    for (const at of [undefined, { version: 5 }, { version: 8 }, { messageId: 'reply-1' }]) {
      const planned = planRemix(interrupted, request({ at }));
      expect(planned[0]?.event.data).toMatchObject({ source: { version: 5 } });
      expect(types(planned).slice(1, -1)).toEqual([
        'message.posted',
        'turn.started',
        'turn.interrupted',
        'model.responded',
      ]);
    }
  });

  it('runs the setup itself where the files of the source do not come along', () => {
    expect(planRemix(history, request({ at: { version: 3 } }))[0]?.event.data).toMatchObject({
      setup: 'apt-get install x',
      source: { snapshot_id: null },
    });
  });

  it('leaves out what is not wanted', () => {
    const none = { messages: false, data: false, code: false, secrets: false };
    const planned = planRemix(history, request({ parts: none }));
    expect(types(planned)).toEqual(['session.created', 'session.remixed']);
    expect(planned[0]?.event.data).toMatchObject({
      setup: 'apt-get install x',
      source: { snapshot_id: null },
    });
  });

  it('says which files it has, and why they are older than the conversation where they are', () => {
    const filesOf = (source: EventEnvelope[], at?: RemixRequest['at'], parts?: RemixRequest['parts']) =>
      planRemix(source, request({ at, ...(parts && { parts }) })).findLast(
        (planned) => planned.event.type === 'session.remixed',
      )?.event.data;
    const kept = { skipped: [], skipped_total: 0, fallback: null };
    expect(filesOf(history)).toMatchObject({ files: { ...kept, snapshot_id: 'snapshot-2', at_version: 11 } });
    const [posted, started, responded, completed] = turnEvents(3) as [
      SessionEvent,
      SessionEvent,
      SessionEvent,
      SessionEvent,
    ];
    const unkept = event('files.snapshot_failed', { reason: 'No space is left.', at_version: 18 });
    const failed = [...history, ...sealed([posted, started, responded, completed, unkept], 15)];
    expect(filesOf(failed)).toMatchObject({
      source_version: 18,
      files: { ...kept, snapshot_id: 'snapshot-2', at_version: 11, fallback: 'No space is left.' },
    });
    expect(filesOf(failed, { version: 12 })).toMatchObject({ files: { fallback: null } });
    const none = { messages: true, data: false, code: false, secrets: true };
    expect(filesOf(failed, undefined, none)).toMatchObject({ files: null });
    const never = [...history.slice(0, 2), ...sealed([posted, started, responded, completed], 3)];
    const unkeptEver = [...never, ...sealed([{ ...unkept, data: { ...unkept.data, at_version: 6 } }], 7)];
    expect(filesOf(unkeptEver)).toMatchObject({
      files: { snapshot_id: null, at_version: null, fallback: 'No space is left.' },
    });
  });

  it('has the oldest files that are left where those of its point were deleted, and says so', () => {
    const filesOf = (version?: number) =>
      planRemix(pruned, request({ ...(version !== undefined && { at: { version } }) })).findLast(
        (planned) => planned.event.type === 'session.remixed',
      )?.event.data;
    const pruned = history.map((entry) =>
      entry.type === 'files.snapshotted' && entry.data.snapshot_id === 'snapshot-2'
        ? { ...entry, data: { ...entry.data, pruned: ['snapshot-1'] } }
        : entry,
    );
    expect(filesOf(6)).toMatchObject({
      source_version: 6,
      files: { snapshot_id: 'snapshot-2', at_version: 11, fallback: expect.stringContaining('deleted') },
    });
    expect(filesOf()).toMatchObject({ files: { snapshot_id: 'snapshot-2', fallback: null } });
  });
});
