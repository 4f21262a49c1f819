import type { Session } from '#contracts';

export type Usage = Session['usage'];

export const NO_USAGE: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

export function addUsage(one: Usage, other: Usage): Usage {
  return {
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    cache_read_input_tokens: one.cache_read_input_tokens + other.cache_read_input_tokens,
    cache_creation_input_tokens: one.cache_creation_input_tokens + other.cache_creation_input_tokens,
  };
}

/** All tokens that the model has read: those that came from its cache, or went there, are counted beside the rest. */
export function tokensRead(usage: Usage): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

/** `12,345 tokens in (97 % from the cache), 120 out` */
export function describeUsage(usage: Usage): string {
  const read = tokensRead(usage);
  const cached = read === 0 ? 0 : Math.floor((usage.cache_read_input_tokens / read) * 100);
  const share = cached === 0 ? '' : ` (${cached} % from the cache)`;
  return `${grouped(read)} tokens in${share}, ${grouped(usage.output_tokens)} out`;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
