import type { ContentBlock } from '#domain';

export interface ModelMessage {
  role: 'user' | 'assistant';
  content: string | ContentBlock[];
}

/** What the Messages API is asked. Everything in it comes from events; pictures are still named, not in it. */
export interface ModelRequest {
  model: string;
  max_tokens: number;
  system: string;
  tools: Record<string, unknown>[];
  messages: ModelMessage[];
  /** Marks the end of the conversation as cacheable; not part of what thinking blocks are bound to. */
  cache_control: { type: 'ephemeral' };
}
