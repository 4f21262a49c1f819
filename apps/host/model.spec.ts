import { afterEach, describe, expect, it } from '@jest/globals';
import type { ModelRequest } from './model-request.js';
import { askModel, MODEL_DEFAULTS, type ModelOptions, type ModelResponse } from './model.js';
import { startClaude, text, use, type Answer, type Claude } from './testing/claude.js';

const request: ModelRequest = {
  model: 'claude-sonnet-5-5',
  max_tokens: 10,
  system: 'You are Host.',
  tools: [],
  messages: [{ role: 'user', content: 'hello' }],
  cache_control: { type: 'ephemeral' },
};
const hi: Answer = { content: [text('Hi there, friend.')] };

let claude: Claude;
afterEach(() => claude.stop());

/** Asks a model that gives these answers; `attempts` has the text that each try streamed. */
async function ask(
  answers: Answer[],
  options: Partial<ModelOptions> = {},
  signal = new AbortController().signal,
) {
  claude = await startClaude(answers);
  const attempts: string[] = [];
  const delays: number[] = [];
  const reply: Promise<ModelResponse> = askModel(
    request,
    {
      apiKey: 'sk-ant-1',
      signal,
      onAttempt: () => attempts.push(''),
      onText: (piece) => (attempts[attempts.length - 1] += piece),
      onRetry: (_failure, delayMs) => delays.push(delayMs),
    },
    { ...MODEL_DEFAULTS, baseUrl: claude.url, firstDelayMs: 1, maxDelayMs: 50, attempts: 3, ...options },
  );
  return { reply, attempts, delays };
}

describe('askModel', () => {
  it('gives the content as it came', async () => {
    const content = [
      { type: 'thinking', thinking: '', signature: 'sig' },
      text('I look.'),
      use('bash', { command: 'ls', deep: { list: [1, 'ä'] } }),
      { ...use('left_click', {}), toolset_name: 'computer' },
    ];
    const { reply } = await ask([{ content }]);
    expect(await reply).toEqual({
      model: request.model,
      content,
      stopReason: 'tool_use',
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: expect.any(Number),
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
      },
    });
    expect(claude.requests).toEqual([{ ...request, stream: true, key: 'sk-ant-1' }]);
  });

  it.each<[string, Answer]>([
    ['falls silent', { begins: 'Hi', then: 'silence' }],
    ['is cut', { begins: 'Hi', then: 'cut' }],
    ['reports an overload', { begins: 'Hi', then: 'overloaded' }],
  ])('never takes a stream that %s for a reply, and asks again', async (_name, broken) => {
    const { reply, attempts } = await ask([broken, hi], { idleMs: 600 });
    expect((await reply).content).toEqual([text('Hi there, friend.')]);
    expect(attempts).toEqual(['Hi', 'Hi there, friend.']);
  });

  it('gives up a stream that stays silent', async () => {
    const { reply } = await ask([{ begins: 'Hi', then: 'silence' }], { idleMs: 100, attempts: 1 });
    await expect(reply).rejects.toMatchObject({
      reason: 'model_unavailable',
      message: expect.stringContaining('nothing was heard for 0.1 s'),
    });
  });

  it.each([
    ['from its beginning', ''],
    ['after some words', 'Hi'],
  ])('gives up a stream that only pings %s', async (_, begins) => {
    const limits = { idleMs: 60_000, contentMs: 100, attempts: 1 };
    const { reply } = await ask([{ begins, then: 'pings' }], limits);
    await expect(reply).rejects.toMatchObject({
      reason: 'model_unavailable',
      message: expect.stringContaining('nothing but signs of life for 0.1 s'),
    });
  });

  it('asks again after a stream that only pings', async () => {
    const { reply } = await ask([{ begins: '', then: 'pings' }, hi], { contentMs: 100 });
    expect((await reply).content).toEqual([text('Hi there, friend.')]);
  });

  it.each<[string, Answer[]]>([
    ['a reply without an end', [{ begins: 'On and', then: 'drips' }]],
    ['tries in a row', Array.from({ length: 9 }, () => ({ begins: 'Hi', then: 'silence' }) as const)],
  ])('gives up %s after the time for all of it', async (_, answers) => {
    const { reply } = await ask(answers, { totalMs: 300, idleMs: 80, attempts: 9 });
    await expect(reply).rejects.toMatchObject({
      reason: 'model_unavailable',
      message: 'Claude did not complete its reply within 0.3 s. Post a message to try again.',
    });
  });

  it('waits as long as the API asks, but no longer than it may', async () => {
    const busy = (after: string): Answer => ({
      status: 429,
      type: 'rate_limit_error',
      message: 'Slow down',
      headers: { 'retry-after': after },
    });
    const { reply, delays } = await ask([busy('0.03'), busy('3600'), hi]);
    await reply;
    expect(delays).toEqual([30, 50]);
  });

  it('says when nobody listens there', async () => {
    const { reply } = await ask([], { attempts: 1, baseUrl: 'http://127.0.0.1:1' });
    await expect(reply).rejects.toMatchObject({
      reason: 'model_unavailable',
      message: expect.stringContaining('failed'),
    });
  });

  it.each([
    [400, 'invalid_request_error', 'prompt is too long: 1000001 tokens', 'context_limit'],
    [400, 'invalid_request_error', 'tools.0 is wrong', 'model_rejected'],
    [401, 'authentication_error', 'invalid sk-ant-1', 'model_key_rejected'],
    [402, 'billing_error', 'no credit', 'model_rejected'],
    [403, 'permission_error', 'not this model', 'model_key_rejected'],
    [404, 'not_found_error', 'model: nope', 'model_rejected'],
    [413, 'request_too_large', 'too large', 'context_limit'],
  ])('does not repeat what was refused with %i (%s: %s)', async (status, type, message, reason) => {
    const { reply } = await ask([{ status, type, message }]);
    const said = message.replace('sk-ant-1', '***');
    await expect(reply).rejects.toMatchObject({ reason, message: expect.stringContaining(said) });
    expect(claude.requests).toHaveLength(1);
  });

  it.each([
    ['while it streams', { begins: 'Hi', then: 'silence' } as const],
    ['while it waits to ask again', { status: 529, type: 'overloaded_error', message: 'Overloaded' }],
  ])('stops at once %s', async (_name, answer) => {
    const stopping = new AbortController();
    const { reply } = await ask([answer], { firstDelayMs: 60_000, maxDelayMs: 60_000 }, stopping.signal);
    await claude.request(1);
    stopping.abort();
    await expect(reply).rejects.toThrow('abort');
  });
});
