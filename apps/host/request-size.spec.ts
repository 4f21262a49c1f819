import { describe, expect, it } from '@jest/globals';
import type { ContentBlock } from '#domain';
import type { ModelRequest } from './model-request.js';
import { requireSendable } from './request-size.js';

const picture = (bytes: number): ContentBlock => ({
  type: 'image',
  source: { type: 'attachment', media_type: 'image/png', sha256: 'a'.repeat(64), bytes },
});
const result = (content: unknown): ContentBlock => ({ type: 'tool_result', tool_use_id: 'u', content });
const requestWith = (...content: ContentBlock[]): ModelRequest => ({
  model: 'm',
  max_tokens: 1,
  system: '',
  tools: [],
  messages: [{ role: 'user', content }],
  cache_control: { type: 'ephemeral' },
});
const refused = (message: RegExp) =>
  expect.objectContaining({ reason: 'context_limit', message: expect.stringMatching(message) });

describe('the size of a request', () => {
  it('is what it has with its pictures in it, in results and beside them', () => {
    const quarter = picture(6 * 1024 * 1024);
    const fits = requestWith(
      result([quarter, { type: 'text', text: 'x' }]),
      quarter,
      result('plain'),
      quarter,
    );
    expect(() => requireSendable(fits)).not.toThrow();
    const tooLarge = requestWith(result([quarter, quarter, quarter]), quarter);
    expect(() => requireSendable(tooLarge)).toThrow(refused(/4 pictures and 32 MB, more than the 32 MB/));
  });

  it('has no more pictures than the API takes', () => {
    const one = picture(10);
    const most = Array.from({ length: 600 }, () => result([one]));
    expect(() => requireSendable(requestWith(...most))).not.toThrow();
    expect(() => requireSendable(requestWith(...most, one))).toThrow(
      refused(/601 pictures .*, more than the 600 pictures/),
    );
  });

  it('counts bytes of text, not its characters', () => {
    const text = { type: 'text', text: '文'.repeat(11.2 * 1024 * 1024) };
    expect(() => requireSendable(requestWith(text))).toThrow(refused(/0 pictures and 33\.6 MB/));
  });

  it('says what to do', () => {
    expect(() => requireSendable(requestWith(picture(40_000_000)))).toThrow(
      refused(/Clear its messages .*the files stay.*remix/),
    );
  });
});
