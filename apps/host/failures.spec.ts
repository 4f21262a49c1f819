import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClearMessages } from '#commands';
import type { EventData } from '#domain';
import { bash, startClaude, text, use, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';
import type { HostOptions } from './index.js';

let world: World;
let claude: Claude;
let service: Service;
let id: string;

async function begin(answers: Answer[], options: Partial<HostOptions> = {}, secrets = {}): Promise<void> {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url, options);
  id = await service.createSession({ secrets });
}

/** How the turn of a message failed. */
async function failureOf(content: string): Promise<EventData['turn.failed']> {
  await service.post(id, content);
  return (await service.until(id, 'turn.failed')).data;
}

const overloaded: Answer = { status: 529, type: 'overloaded_error', message: 'Overloaded' };

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  await world.remove();
});

describe('the key', () => {
  it("is the session's own before the service's, and goes nowhere else", async () => {
    await begin(
      [{ content: [bash('env')] }, { content: [text('Hi.')] }],
      {},
      { ANTHROPIC_API_KEY: 'sk-ant-session' },
    );
    await service.post(id, 'hello');
    await service.until(id, 'turn.completed');
    expect(claude.requests.map(({ key }) => key)).toEqual(['sk-ant-session', 'sk-ant-session']);
    expect(JSON.stringify(await service.history(id))).not.toContain('sk-ant');
  });

  it('fails the turn when it is missing', async () => {
    await begin([], { apiKey: undefined });
    expect(await failureOf('hello')).toMatchObject({
      reason: 'model_key_missing',
      message: expect.stringContaining('ANTHROPIC_API_KEY'),
    });
  });

  it('fails the turn when it is not accepted, and another message is answered', async () => {
    await begin([
      { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
      { content: [text('Hi.')] },
    ]);
    expect(await failureOf('hello')).toMatchObject({
      reason: 'model_key_rejected',
      message: expect.stringContaining('invalid x-api-key'),
    });
    await service.post(id, 'again');
    await service.until(id, 'turn.completed');
  });
});

describe('the model', () => {
  it('is asked again when it is overloaded', async () => {
    await begin([
      overloaded,
      { status: 500, type: 'api_error', message: 'Oops' },
      { content: [text('Hi.')] },
    ]);
    await service.post(id, 'hello');
    await service.until(id, 'turn.completed');
    expect(claude.requests).toHaveLength(3);
  });

  it('is given up after some tries', async () => {
    await begin([overloaded, overloaded], { model: { attempts: 2 } });
    expect(await failureOf('hello')).toEqual({
      turn_id: expect.any(String),
      reason: 'model_unavailable',
      message: 'Claude could not be reached: Overloaded (529). Post a message to try again.',
    });
  });

  it('has said what it refuses', async () => {
    await begin([{ status: 400, type: 'invalid_request_error', message: 'tools.0: no such tool' }]);
    expect(await failureOf('hello')).toMatchObject({
      reason: 'model_rejected',
      message: expect.stringContaining('tools.0: no such tool'),
    });
  });

  it.each([
    ['max_tokens', 'output_limit'],
    ['model_context_window_exceeded', 'context_limit'],
    ['refusal', 'model_refused'],
  ])('may stop for %s, and the history stays one that the API takes', async (stopReason, reason) => {
    await begin([{ content: [text('I'), bash('echo never')], stopReason }, { content: [text('Hi.')] }]);
    expect(await failureOf('hello')).toMatchObject({ reason });
    await service.post(id, 'again');
    await service.until(id, 'turn.completed');
    expect((await service.history(id)).some(({ type }) => type === 'tool.started')).toBe(false);
  });

  it.each([
    ['request_too_large', 413, 'Request exceeds the maximum size'],
    ['invalid_request_error', 400, 'prompt is too long: 1000001 tokens > 1000000 maximum'],
    [
      'invalid_request_error',
      400,
      'input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000',
    ],
    ['invalid_request_error', 400, 'too many images and documents: 101 + 0 > 100'],
    ['invalid_request_error', 400, 'Too much media: 0 document pages + 101 images > 100'],
  ])(
    'that is asked too much (%s %i %s) is not asked again, and what to do is said',
    async (type, status, message) => {
      await begin([{ status, type, message }, { content: [text('Hi.')] }]);
      const failure = await failureOf('hello');
      expect(failure).toMatchObject({ reason: 'context_limit', message: expect.stringContaining(message) });
      expect(failure.message).toMatch(/-m DELETE.*remix ID --at VERSION.*--no-messages/);
      await service.do(new ClearMessages(id, {}, { actor: 'user:local' }));
      await service.post(id, 'again');
      await service.until(id, 'turn.completed');
      expect(claude.requests.map(({ messages }) => messages)).toEqual([
        [{ role: 'user', content: 'hello' }],
        [{ role: 'user', content: 'again' }],
      ]);
    },
  );

  it('goes on after a pause', async () => {
    await begin([{ content: [text('Well')], stopReason: 'pause_turn' }, { content: [text('yes.')] }]);
    await service.post(id, 'hello');
    await service.until(id, 'turn.completed');
    expect(claude.requests[1]?.messages.at(-1)).toEqual({ role: 'assistant', content: [text('Well')] });
  });

  it('is asked again when its reply is empty, with a note that only adds to the conversation', async () => {
    await begin([
      { content: [bash('echo 1')] },
      { content: [], stopReason: 'end_turn' },
      { content: [text('  ')], stopReason: 'end_turn' },
      { content: [text('Done.')] },
    ]);
    await service.post(id, 'hello');
    await service.until(id, 'turn.completed');
    const [, second, third, fourth] = claude.requests.map(({ messages }) => messages);
    expect(third?.slice(0, second?.length)).toEqual(second);
    expect(fourth?.slice(0, third?.length)).toEqual(third);
    expect(fourth?.at(-1)).toEqual({ role: 'user', content: expect.stringContaining('was empty') });
  });

  it('fails the turn when its reply stays empty', async () => {
    const thinking = { type: 'thinking', thinking: '', signature: 'sig' };
    const empty: Answer = { content: [thinking], stopReason: 'end_turn' };
    await begin([empty, empty, empty, { content: [text('Hi.')] }]);
    expect(await failureOf('hello')).toEqual({
      turn_id: expect.any(String),
      reason: 'empty_reply',
      message: expect.stringContaining('3 times without a word'),
    });
    expect(claude.requests).toHaveLength(3);
    await service.post(id, 'again');
    await service.until(id, 'turn.completed');
  });

  it('cannot go on for ever', async () => {
    await begin([{ content: [bash('echo 1')] }, { content: [bash('echo 2')] }], { maxRequests: 2 });
    expect(await failureOf('hello')).toMatchObject({ reason: 'step_limit' });
    expect(claude.requests).toHaveLength(2);
  });
});

describe('a tool', () => {
  it('answers mistakes of the model with what is right', async () => {
    await begin([
      {
        content: [
          use('browser', {}),
          use('bash', { cmd: 'ls' }),
          use('str_replace_based_edit_tool', { command: 'fly' }),
        ],
      },
      { content: [text('I see.')] },
    ]);
    await service.post(id, 'hello');
    await service.until(id, 'turn.completed');
    expect(claude.requests[1]?.messages.at(-1)?.content).toMatchObject([
      {
        is_error: true,
        content: 'There is no tool named browser here; there are bash, str_replace_based_edit_tool.',
      },
      { is_error: true, content: expect.stringContaining('"command"') },
      { is_error: true, content: expect.stringContaining('command') },
    ]);
  });

  it('fails the turn when the computer is gone', async () => {
    await begin([{ content: [bash('ls')] }], { computerWaitMs: 1 });
    await service.computers.stop(id);
    expect(await failureOf('hello')).toMatchObject({ reason: 'computer_unavailable' });
  });

  it('waits for a computer that starts a moment later', async () => {
    await begin([{ content: [bash('echo here')] }, { content: [text('Yes.')] }]);
    await service.computers.stop(id);
    await service.post(id, 'hello');
    await service.until(id, 'tool.started');
    await service.computers.start(id);
    expect((await service.until(id, 'tool.completed')).data.content).toBe('here\n');
  });
});
