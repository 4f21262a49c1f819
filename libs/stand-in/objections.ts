import { blocksOf, type Block, type Message } from './message.js';

/** Why the Messages API would refuse a conversation; undefined when it would take it. */
export function objectionTo(messages: Message[]): string | undefined {
  if (messages.length === 0) return 'messages: at least one message is required';
  if (messages[0]?.role !== 'user') return 'messages.0: the first message must have the role user';
  const joined = joinTurns(messages);
  const pictures = joined.flatMap(({ content }) => picturesIn(content)).length;
  if (pictures > MAX_PICTURES) return `too many images: ${pictures} > ${MAX_PICTURES}`;
  for (const [index, { role, content }] of joined.entries()) {
    const objection =
      content.length === 0
        ? 'content must not be empty'
        : (blankText(content) ??
          wrongPicture(content) ??
          (role === 'assistant'
            ? openUses(content, joined[index + 1])
            : wrongResult(content, joined[index - 1])));
    if (objection !== undefined) return `messages.${index}: ${objection}`;
  }
  return undefined;
}

/** What the API takes in one request. */
const MAX_PICTURES = 600;

interface Joined {
  role: string;
  content: Block[];
}

/** The API takes messages of one role that follow each other as one. */
function joinTurns(messages: Message[]): Joined[] {
  const joined: Joined[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role === message.role) last.content.push(...blocksOf(message));
    else joined.push({ role: message.role, content: [...blocksOf(message)] });
  }
  return joined;
}

function blankText(content: Block[]): string | undefined {
  const blank = content.some((block) => block.type === 'text' && String(block['text']).trim() === '');
  return blank ? 'text content blocks must contain non-whitespace text' : undefined;
}

function picturesIn(content: Block[]): Block[] {
  return [...content, ...content.flatMap(insideOf)].filter(({ type }) => type === 'image');
}

function wrongPicture(content: Block[]): string | undefined {
  const wrong = picturesIn(content).find((block) => !isSent(block));
  return (
    wrong && `image source must be base64 or url, with what it names: ${JSON.stringify(wrong).slice(0, 200)}`
  );
}

function isSent({ source }: Block): boolean {
  const { type, data, url } = (source ?? {}) as Record<string, unknown>;
  return type === 'base64'
    ? typeof data === 'string' && data !== ''
    : type === 'url' && typeof url === 'string';
}

function openUses(content: Block[], next: Joined | undefined): string | undefined {
  if (content.at(-1)?.type === 'thinking')
    return 'the final block in an assistant message cannot be thinking';
  const results = new Set(idsOf(next?.content ?? [], 'tool_result', 'tool_use_id'));
  const open = idsOf(content, 'tool_use', 'id').filter((id) => !results.has(id));
  return open.length > 0
    ? `tool_use ids without tool_result blocks right after: ${open.join(', ')}`
    : undefined;
}

function wrongResult(content: Block[], previous: Joined | undefined): string | undefined {
  const uses = new Map(
    (previous?.content ?? []).filter(({ type }) => type === 'tool_use').map((use) => [use['id'], use]),
  );
  for (const result of content.filter(({ type }) => type === 'tool_result')) {
    const id = String(result['tool_use_id']);
    const use = uses.get(id);
    if (use === undefined) return `unexpected tool_result ids: ${id}`;
    if (use['toolset_name'] !== result['toolset_name'])
      return `tool_result ${id}: toolset_name must be that of its tool_use`;
    if (result['is_error'] === true && !isPlain(result))
      return `tool_result ${id}: all content must be text, and some, if is_error is true`;
  }
  return undefined;
}

function isPlain({ content }: Block): boolean {
  if (!Array.isArray(content)) return typeof content === 'string' && content !== '';
  return content.length > 0 && (content as Block[]).every(({ type }) => type === 'text');
}

function insideOf({ type, content }: Block): Block[] {
  return type === 'tool_result' && Array.isArray(content) ? (content as Block[]) : [];
}

function idsOf(content: Block[], type: string, field: string): string[] {
  return content.filter((block) => block.type === type).map((block) => String(block[field]));
}
