import { isImage, type ContentBlock, type EventOf } from '#domain';

export type ToolResult = EventOf<'tool.completed'>['data'];

/** The API takes nothing but text in the result of a failure. */
export function contentOf({ content, is_error }: ToolResult): string | ContentBlock[] {
  return is_error && typeof content !== 'string' ? content.filter((block) => !isImage(block)) : content;
}

export function picturesOfError(result: ToolResult | undefined): ContentBlock[] {
  if (result === undefined || !result.is_error || typeof result.content === 'string') return [];
  return result.content.filter(isImage);
}

/**
 * What the API takes back of its own response: it refuses blank text, a message without content, and one that ends
 * with thinking. Everything else goes back as it came.
 */
export function acceptableContent(content: ContentBlock[]): ContentBlock[] {
  const blocks = content.filter(
    ({ type, text }) => type !== 'text' || typeof text !== 'string' || !isBlank(text),
  );
  return blocks.slice(0, blocks.findLastIndex(({ type }) => !isThinking(type)) + 1);
}

/** A reply that ends the turn and would tell a person nothing. */
export function isEmptyReply({ content, stop_reason }: EventOf<'model.responded'>['data']): boolean {
  const ends = stop_reason === 'end_turn' || stop_reason === 'stop_sequence' || stop_reason === 'tool_use';
  return ends && acceptableContent(content).length === 0;
}

function isThinking(type: string): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}

export function isBlank(text: string): boolean {
  return text.trim() === '';
}
