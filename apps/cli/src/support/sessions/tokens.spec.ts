import { describe, expect, it } from '@jest/globals';
import { addUsage, describeUsage, NO_USAGE } from './tokens.js';

const cached = {
  input_tokens: 12,
  output_tokens: 1_500,
  cache_read_input_tokens: 97_000,
  cache_creation_input_tokens: 2_988,
};

describe('the tokens of a session', () => {
  it('are all that were read, also from the cache and into it', () => {
    expect(describeUsage(cached)).toBe('100,000 tokens in (97 % from the cache), 1,500 out');
    expect(describeUsage(addUsage(cached, cached))).toBe(
      '200,000 tokens in (97 % from the cache), 3,000 out',
    );
  });

  it('say nothing of a cache that was not used', () => {
    expect(describeUsage(NO_USAGE)).toBe('0 tokens in, 0 out');
    expect(describeUsage({ ...NO_USAGE, input_tokens: 100, output_tokens: 20 })).toBe(
      '100 tokens in, 20 out',
    );
  });
});
