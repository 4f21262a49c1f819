import { isImage, type ContentBlock, type EventEnvelope, type EventOf, type ToolUseBlock } from '#domain';

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

const MAX_TOKENS = 32_000;

const INTERRUPTED =
  'Note from Raworc: the turn before this message was interrupted. Take up its work again only if this message asks for it.';
const FAILED = 'Note from Raworc: the turn before this message failed before it was finished.';

/**
 * The request that a turn sends next. Model, system prompt and tools are those pinned at creation, and the messages
 * only ever grow at their end: thinking blocks are bound to every byte before them.
 */
export function requestOf(events: readonly EventEnvelope[], turnId: string): ModelRequest {
  const created = events.find(isCreated);
  if (created === undefined) throw new RangeError(`The events before turn ${turnId} lack session.created.`);
  const { model, system_prompt: system, tools } = created.data;
  const messages = messagesOf(events, turnId);
  return { model, max_tokens: MAX_TOKENS, system, tools, messages, cache_control: { type: 'ephemeral' } };
}

/** The conversation up to now: what came after the last clear before this turn, turn by turn. */
function messagesOf(events: readonly EventEnvelope[], turnId: string): ModelMessage[] {
  const start = events.findIndex((event) => event.type === 'turn.started' && event.data.turn_id === turnId);
  const cleared = events.findLastIndex((event, index) => event.type === 'messages.cleared' && index < start);
  const transcript = new Transcript(instructionsChangedIn(events.slice(0, cleared + 1)));
  for (const event of events.slice(cleared + 1)) {
    if (event.type === 'turn.started' && transcript.has(turnId)) break;
    transcript.add(event);
  }
  return transcript.finish();
}

class Transcript {
  private readonly messages: ModelMessage[] = [];
  private readonly posted = new Map<string, string>();
  private readonly turns = new Set<string>();
  /** Tool uses of the last response, and their results so far. */
  private uses: ToolUseBlock[] = [];
  private readonly results = new Map<string, ToolResult>();
  private turnNote: string | undefined;

  constructor(private instructionsNote: string | undefined) {}

  has(turnId: string): boolean {
    return this.turns.has(turnId);
  }

  add(event: EventEnvelope): void {
    switch (event.type) {
      case 'message.posted':
        this.posted.set(event.data.message_id, event.data.content);
        return;
      case 'session.updated':
        this.instructionsNote = instructionsNote(event) ?? this.instructionsNote;
        return;
      case 'turn.started':
        return this.startTurn(event.data);
      case 'model.responded':
        return this.has(event.data.turn_id) ? this.addResponse(event.data) : undefined;
      case 'tool.completed':
        if (this.has(event.data.turn_id)) this.results.set(event.data.use_id, event.data);
        return;
      case 'turn.interrupted':
        if (this.has(event.data.turn_id)) this.turnNote = INTERRUPTED;
        return;
      case 'turn.failed':
        if (this.has(event.data.turn_id)) this.turnNote = FAILED;
        return;
      default:
        return;
    }
  }

  finish(): ModelMessage[] {
    this.answerUses();
    return this.messages;
  }

  private startTurn({ turn_id, message_ids }: EventOf<'turn.started'>['data']): void {
    this.answerUses();
    this.turns.add(turn_id);
    for (const id of message_ids) {
      const text = this.posted.get(id);
      if (text !== undefined) this.messages.push({ role: 'user', content: this.withNotes(text) });
    }
  }

  private withNotes(text: string): string | ContentBlock[] {
    const said = isBlank(text) ? '(an empty message)' : text;
    const notes = [this.turnNote, this.instructionsNote].filter((note) => note !== undefined);
    this.turnNote = this.instructionsNote = undefined;
    return notes.length === 0 ? said : [...notes, said].map((block) => ({ type: 'text', text: block }));
  }

  private addResponse({ content, stop_reason }: EventOf<'model.responded'>['data']): void {
    this.answerUses();
    const usable = stop_reason === 'refusal' ? [] : acceptableContent(content);
    if (usable.length > 0) this.messages.push({ role: 'assistant', content: usable });
    this.uses = usable.filter(isToolUse);
    this.results.clear();
  }

  /** All results of one response, in the order in which the model asked; then the pictures of those that failed. */
  private answerUses(): void {
    if (this.uses.length > 0) {
      const results = this.uses.map((use) => this.resultOf(use));
      const pictures = this.uses.flatMap((use) => picturesOfError(this.results.get(use.id)));
      this.messages.push({ role: 'user', content: [...results, ...pictures] });
    }
    this.uses = [];
  }

  private resultOf(use: ToolUseBlock): ContentBlock {
    const result = this.results.get(use.id);
    return {
      type: 'tool_result',
      tool_use_id: use.id,
      ...(typeof use['toolset_name'] === 'string' ? { toolset_name: use['toolset_name'] } : {}),
      content: result === undefined ? 'Not executed: no result was recorded.' : contentOf(result),
      ...(result === undefined || result.is_error ? { is_error: true } : {}),
    };
  }
}

type ToolResult = EventOf<'tool.completed'>['data'];

/** The API takes nothing but text in the result of a failure. */
function contentOf({ content, is_error }: ToolResult): string | ContentBlock[] {
  return is_error && typeof content !== 'string' ? content.filter((block) => !isImage(block)) : content;
}

function picturesOfError(result: ToolResult | undefined): ContentBlock[] {
  if (result === undefined || !result.is_error || typeof result.content === 'string') return [];
  return result.content.filter(isImage);
}

/**
 * What the API takes back of its own response: it refuses blank text, a message without content, and one that ends
 * with thinking. Everything else goes back as it came.
 */
function acceptableContent(content: ContentBlock[]): ContentBlock[] {
  const blocks = content.filter(
    ({ type, text }) => type !== 'text' || typeof text !== 'string' || !isBlank(text),
  );
  return blocks.slice(0, blocks.findLastIndex(({ type }) => !isThinking(type)) + 1);
}

function isThinking(type: string): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

export function isToolUse(block: ContentBlock): block is ToolUseBlock {
  return block.type === 'tool_use';
}

function isCreated(event: EventEnvelope): event is Extract<EventEnvelope, { type: 'session.created' }> {
  return event.type === 'session.created';
}

/** A cleared conversation forgets everything but the instructions in force. */
function instructionsChangedIn(events: readonly EventEnvelope[]): string | undefined {
  return events
    .map((event) => (event.type === 'session.updated' ? instructionsNote(event) : undefined))
    .findLast((note) => note !== undefined);
}

/** New facts come as new text; the pinned system prompt never changes. */
function instructionsNote({ data }: EventOf<'session.updated'>): string | undefined {
  const { instructions } = data;
  if (instructions === undefined) return undefined;
  if (instructions === null || isBlank(instructions)) return 'The instructions of this session were removed.';
  return `The instructions of this session changed: ${instructions}`;
}
