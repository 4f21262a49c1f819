import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ContentBlock } from '#domain';
import { createMemoryStore } from '#event-store';
import { requestOf } from './conversation.js';
import type { ModelMessage, ModelRequest } from './model-request.js';
import { Pictures } from './pictures.js';
import { objectionTo } from '#stand-in';
import { Rehearsal } from './testing/rehearsal.js';

const text = (words: string): ContentBlock => ({ type: 'text', text: words });
const thinking: ContentBlock = { type: 'thinking', thinking: '', signature: 'sig' };
const use: ContentBlock = { type: 'tool_use', id: '', name: 'bash', input: { command: 'ls' } };
const atScreen = (name: string): ContentBlock => ({ ...use, name, input: {}, toolset_name: 'computer' });
const end = (...content: ContentBlock[]) => ({ content, stopReason: 'end_turn' });
const call = (...content: ContentBlock[]) => ({ content, stopReason: 'tool_use' });

/** Takes up a message and works until the turn has ended. */
function turn(rehearsal: Rehearsal, said: string, ...replies: ReturnType<typeof end>[]): ModelMessage[] {
  rehearsal.post(said);
  rehearsal.startTurn();
  let asked = rehearsal.requests.length;
  for (let next = 0; rehearsal.state.turn !== null;) {
    rehearsal.step(replies[next] ?? end(text('Done.')));
    if (rehearsal.requests.length > asked) next += rehearsal.requests.length - asked;
    asked = rehearsal.requests.length;
  }
  return rehearsal.requests.at(-1)?.request.messages ?? [];
}

describe('the request of a turn', () => {
  it('has no lone surrogate, whatever the log holds', () => {
    const rehearsal = new Rehearsal();
    const broken = { ...use, input: { 'k\ud83d': 'echo \ud83d' } };
    turn(rehearsal, 'a\ud83d', call(text('b\udc00'), broken));
    const { request } = rehearsal.requests.at(-1) ?? {};
    expect(JSON.stringify(request)).not.toMatch(/\\ud[89a-f]/);
    expect(request?.messages.slice(0, 2)).toMatchObject([
      { content: 'a\ufffd' },
      { content: [{ text: 'b\ufffd' }, { input: { 'k\ufffd': 'echo \ufffd' } }] },
    ]);
  });

  it('is what was pinned at creation, and the messages', () => {
    const rehearsal = new Rehearsal();
    turn(rehearsal, 'hello');
    expect(rehearsal.requests[0]?.request).toEqual({
      model: 'claude-sonnet-5-5',
      max_tokens: 32_000,
      system: 'You are Host.',
      tools: [{ type: 'bash_20250124', name: 'bash' }],
      messages: [{ role: 'user', content: 'hello' }],
      cache_control: { type: 'ephemeral' },
    });
  });

  it('has replies as they came, and the results of one reply in one message in the order of the uses', () => {
    const rehearsal = new Rehearsal();
    const reply = [thinking, text('I look.'), { ...use, toolset_name: 'computer' }, use];
    const messages = turn(rehearsal, 'hello', call(...reply));
    const [, answered, results] = messages;
    expect(answered).toMatchObject({ role: 'assistant', content: reply.map(({ id: _, ...block }) => block) });
    const uses = (answered?.content as ContentBlock[]).slice(2).map((block) => block['id']);
    expect(results).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: uses[0], toolset_name: 'computer', content: 'ok' },
        { type: 'tool_result', tool_use_id: uses[1], content: 'ok' },
      ],
    });
  });

  it('can be built again later for any turn', () => {
    const rehearsal = new Rehearsal();
    turn(rehearsal, 'first');
    const started = rehearsal.events.find(({ type }) => type === 'turn.started');
    turn(rehearsal, 'second');
    const id = started?.type === 'turn.started' ? started.data.turn_id : '';
    expect(requestOf(rehearsal.events, id).messages).toEqual([
      { role: 'user', content: 'first' },
      { role: 'assistant', content: [text('Done.')] },
    ]);
  });

  it('leaves out what the API would not take back', () => {
    const rehearsal = new Rehearsal();
    turn(rehearsal, 'one', end());
    turn(rehearsal, 'two', end(thinking));
    turn(rehearsal, 'three', end(text(' \n'), text('Yes.'), thinking));
    const refused = { content: [text('I cannot')], stopReason: 'refusal' };
    turn(rehearsal, 'four', refused);
    const askedAgain = [
      { role: 'user', content: expect.stringContaining('your reply was empty') },
      { role: 'assistant', content: [text('Done.')] },
    ];
    expect(turn(rehearsal, ' ')).toEqual([
      { role: 'user', content: 'one' },
      ...askedAgain,
      { role: 'user', content: 'two' },
      ...askedAgain,
      { role: 'user', content: 'three' },
      { role: 'assistant', content: [text('Yes.')] },
      { role: 'user', content: 'four' },
      {
        role: 'user',
        content: [{ type: 'text', text: expect.stringContaining('failed') }, text('(an empty message)')],
      },
    ]);
  });

  it('tells changed instructions before the next message, and keeps them when messages are cleared', () => {
    const rehearsal = new Rehearsal();
    turn(rehearsal, 'one');
    rehearsal.do({ type: 'update', changes: { instructions: 'Speak French.' } });
    const changed = [text('The instructions of this session changed: Speak French.'), text('two')];
    expect(turn(rehearsal, 'two').at(-1)).toEqual({ role: 'user', content: changed });
    expect(turn(rehearsal, 'three').at(-1)).toEqual({ role: 'user', content: 'three' });
    rehearsal.do({ type: 'clear-messages' });
    expect(turn(rehearsal, 'four')).toEqual([{ role: 'user', content: [changed[0], text('four')] }]);
    rehearsal.do({ type: 'update', changes: { instructions: null } });
    expect(turn(rehearsal, 'five').at(-1)).toMatchObject({
      content: [text('The instructions of this session were removed.'), text('five')],
    });
  });

  it('does not lose its own conversation when messages are cleared meanwhile', () => {
    const rehearsal = new Rehearsal();
    rehearsal.post('one');
    rehearsal.startTurn();
    rehearsal.step(call(use));
    rehearsal.do({ type: 'clear-messages' });
    while (rehearsal.state.turn !== null) rehearsal.step(end(text('Done.')));
    expect(rehearsal.requests.at(-1)?.request.messages).toHaveLength(3);
    expect(turn(rehearsal, 'two')).toEqual([{ role: 'user', content: 'two' }]);
  });
});

const reply = fc.oneof(
  fc.constant(end(text('Done.'))),
  fc.constantFrom(end(), end(thinking), end(text(' '))),
  fc
    .array(fc.constantFrom(use, ...['screenshot', 'left_click', 'key'].map(atScreen)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((uses) => call(thinking, text('I work.'), ...uses)),
  fc.constant('pause_turn').map((stopReason) => ({ content: [text('Well')], stopReason })),
  fc
    .constantFrom('max_tokens', 'refusal')
    .map((stopReason) => ({ content: [text('I'), use, thinking], stopReason })),
);

const move: fc.Arbitrary<(rehearsal: Rehearsal) => void> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom('do it', 'go on', ' ').map((said) => (on: Rehearsal) => on.post(said)),
  },
  { weight: 3, arbitrary: fc.constant((on: Rehearsal) => on.startTurn()) },
  { weight: 12, arbitrary: reply.map((said) => (on: Rehearsal) => on.step(said)) },
  fc.tuple(reply, fc.nat(4)).map(
    ([said, complete]) =>
      (on: Rehearsal) =>
        on.interruptReply(said, complete),
  ),
  fc.constantFrom<(on: Rehearsal) => void>(
    (on) => on.do({ type: 'interrupt', by: 'user:local' }),
    (on) => on.do({ type: 'clear-messages' }),
    (on) => on.do({ type: 'take-control', leaseId: 'l', by: 'user:ada', now: 0, until: 1 }),
    (on) => on.crash(),
    (on) => on.do({ type: 'update', changes: { instructions: on.newId('Instructions ') } }),
    (on) => {
      on.do({ type: 'close', reason: 'requested', by: 'user:local' });
      on.do({ type: 'restore', reason: 'requested' });
      on.startComputer();
    },
    (on) => {
      const turnId = on.state.turn?.id ?? '';
      on.do({ type: 'fail-turn', turnId, reason: 'model_unavailable', message: 'No answer.' });
    },
  ),
);

interface Sent {
  conversation: number;
  request: ModelRequest;
}

describe('the requests of any history', () => {
  const anyHistory = fc.array(move, { minLength: 30, maxLength: 120 }).map((moves) => {
    const rehearsal = new Rehearsal();
    for (const make of moves) make(rehearsal);
    return rehearsal;
  });

  /** The requests as they are sent: pictures in place of their names. The memory for pictures is small. */
  async function sent({ requests, pictures }: Rehearsal): Promise<Sent[]> {
    const { attachments } = createMemoryStore();
    for (const bytes of pictures) await attachments.put('s', bytes);
    const shown = new Pictures(attachments, 20);
    const all: Sent[] = [];
    for (const { request, conversation } of requests)
      all.push({ conversation, request: await shown.show(request, 's') });
    return all;
  }

  it('each begin with the one before, within a conversation', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (rehearsal) => {
        const requests = await sent(rehearsal);
        for (const [index, { request, conversation }] of requests.entries()) {
          const before = requests[index - 1];
          if (before?.conversation !== conversation) continue;
          const { messages, ...pinned } = request;
          const { messages: earlier, ...pinnedBefore } = before.request;
          expect(pinned).toEqual(pinnedBefore);
          expect(messages.slice(0, earlier.length)).toEqual(earlier);
          expect(messages.length).toBeGreaterThan(earlier.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('are ones that the API takes', async () => {
    await fc.assert(
      fc.asyncProperty(anyHistory, async (rehearsal) => {
        for (const { request } of await sent(rehearsal))
          expect(objectionTo(request.messages)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });
});
