import type { ContentBlock } from '#domain';

/**
 * What stays of a reply that was cut off: the blocks that were complete, and the text up to there. Half a thought has
 * no signature and half a tool use no input, so the API would take neither back.
 * @param complete how many of the blocks had come to their end
 */
export function keptOfCutReply(blocks: ContentBlock[], complete: number): ContentBlock[] {
  return blocks.filter((block, index) => index < complete || saysSomething(block));
}

function saysSomething({ type, text }: ContentBlock): boolean {
  return type === 'text' && typeof text === 'string' && text.trim() !== '';
}
