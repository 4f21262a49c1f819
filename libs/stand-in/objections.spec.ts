import { describe, expect, it } from '@jest/globals';
import type { Block, Message } from './message.js';
import { objectionTo } from './objections.js';
import { startScriptedModel } from './scripted-model.js';

const use: Block = { type: 'tool_use', id: 'u1', name: 'screenshot', toolset_name: 'computer', input: {} };
const image: Block = { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AAAA' } };
const result: Block = { type: 'tool_result', tool_use_id: 'u1', toolset_name: 'computer', content: [image] };
const after = (...results: Block[]): Message[] => [
  { role: 'user', content: 'look' },
  { role: 'assistant', content: [use] },
  { role: 'user', content: results },
];

describe('a conversation', () => {
  it.each<[string, Message[]]>([
    ['with a picture in a result', after(result)],
    ['with a picture beside an error', after({ ...result, content: 'no', is_error: true }, image)],
  ])('%s is taken', (_name, messages) => {
    expect(objectionTo(messages)).toBeUndefined();
  });

  it.each<[string, Message[], string]>([
    ['that is empty', [], 'at least one message'],
    ['that Host begins', [{ role: 'assistant', content: 'hi' }], 'must have the role user'],
    ['without a result', after({ type: 'text', text: 'go on' }), 'without tool_result blocks'],
    ['with the result of nothing', after(result, { ...result, tool_use_id: 'u2' }), 'unexpected tool_result'],
    [
      'whose result forgets the toolset',
      after({ ...result, toolset_name: undefined }),
      'toolset_name must be',
    ],
    ['with a picture in an error', after({ ...result, is_error: true }), 'all content must be text'],
    ['with an empty error', after({ ...result, content: '', is_error: true }), 'all content must be text'],
    [
      'with a picture by its name',
      after({ ...result, content: [{ type: 'image', source: { type: 'attachment', sha256: 'aa' } }] }),
      'image source must be base64 or url',
    ],
  ])('%s is refused', (_name, messages, said) => {
    expect(objectionTo(messages)).toContain(said);
  });

  it('is refused over HTTP in the way of the API', async () => {
    const model = await startScriptedModel([]);
    const body = JSON.stringify({ model: 'm', stream: true, messages: after() });
    const response = await fetch(`${model.url}/v1/messages`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    await model.stop();
  });
});
