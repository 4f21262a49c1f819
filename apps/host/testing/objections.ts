import type { ContentBlock } from '#domain';
import type { ModelMessage } from '../conversation.js';

/** Why the Messages API would refuse a conversation; undefined when it would take it. */
export function objectionTo(messages: ModelMessage[]): string | undefined {
  if (messages.length === 0) return 'messages: at least one message is required';
  if (messages[0]?.role !== 'user') return 'messages.0: the first message must have the role user';
  const joined = joinTurns(messages);
  for (const [index, { role, content }] of joined.entries()) {
    const objection =
      content.length === 0
        ? 'content must not be empty'
        : (blankText(content) ??
          (role === 'assistant'
            ? openUses(content, joined[index + 1])
            : strayResult(content, joined[index - 1])));
    if (objection !== undefined) return `messages.${index}: ${objection}`;
  }
  return undefined;
}

interface Joined {
  role: string;
  content: ContentBlock[];
}

/** The API takes messages of one role that follow each other as one. */
function joinTurns(messages: ModelMessage[]): Joined[] {
  const joined: Joined[] = [];
  for (const { role, content } of messages) {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    const last = joined.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else joined.push({ role, content: [...blocks] });
  }
  return joined;
}

function blankText(content: ContentBlock[]): string | undefined {
  const blank = content.some((block) => block.type === 'text' && String(block['text']).trim() === '');
  return blank ? 'text content blocks must contain non-whitespace text' : undefined;
}

function openUses(content: ContentBlock[], next: Joined | undefined): string | undefined {
  if (content.at(-1)?.type === 'thinking')
    return 'the final block in an assistant message cannot be thinking';
  const results = new Set(idsOf(next?.content ?? [], 'tool_result', 'tool_use_id'));
  const open = idsOf(content, 'tool_use', 'id').filter((id) => !results.has(id));
  return open.length > 0
    ? `tool_use ids without tool_result blocks right after: ${open.join(', ')}`
    : undefined;
}

function strayResult(content: ContentBlock[], previous: Joined | undefined): string | undefined {
  const uses = new Set(idsOf(previous?.content ?? [], 'tool_use', 'id'));
  const stray = idsOf(content, 'tool_result', 'tool_use_id').filter((id) => !uses.has(id));
  return stray.length > 0 ? `unexpected tool_result ids: ${stray.join(', ')}` : undefined;
}

function idsOf(content: ContentBlock[], type: string, field: string): string[] {
  return content.filter((block) => block.type === type).map((block) => String(block[field]));
}
