import { isToolUse, type ContentBlock, type EventEnvelope, type EventOf, type ToolUseBlock } from '#domain';
import {
  acceptableContent,
  contentOf,
  isBlank,
  isEmptyReply,
  picturesOfError,
  type ToolResult,
} from './api-rules.js';
import type { ModelMessage } from './model-request.js';

const INTERRUPTED =
  'Note from Raworc: the turn before this message was interrupted. Take up its work again only if this message asks for it.';
const FAILED = 'Note from Raworc: the turn before this message failed before it was finished.';

const EMPTY =
  'Note from Raworc: your reply was empty. Go on with the work, or say in a few words what you did and found.';

/** A conversation as the model is told it, event by event; its messages only ever grow at their end. */
export class Transcript {
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

  private addResponse(response: EventOf<'model.responded'>['data']): void {
    const { content, stop_reason } = response;
    this.answerUses();
    // Whether the model was asked once more before the turn ended is not on the log, so the note is always there.
    if (isEmptyReply(response)) this.messages.push({ role: 'user', content: EMPTY });
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

/** New facts come as new text; the pinned system prompt never changes. */
export function instructionsNote({ data }: EventOf<'session.updated'>): string | undefined {
  const { instructions } = data;
  if (instructions === undefined) return undefined;
  if (instructions === null || isBlank(instructions)) return 'The instructions of this session were removed.';
  return `The instructions of this session changed: ${instructions}`;
}
