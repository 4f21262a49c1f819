import { createHash } from 'node:crypto';
import {
  decide,
  DomainError,
  envelop,
  fold,
  type ContentBlock,
  type EventData,
  type EventEnvelope,
  type SessionCommand,
  type SessionCreated,
  type ToolUseBlock,
} from '#domain';
import { requestOf } from '../conversation.js';
import type { ModelRequest } from '../model-request.js';
import { keptOfCutReply } from '../cut-reply.js';
import { nextStep } from '../next-step.js';
import { countsOnOldScreen } from '../screen-view.js';
import type { ToolAnswer } from '../tools/tool.js';
import { answer, mistake } from '../tools/tool.js';

const SETTINGS: SessionCreated = {
  name: 'quiet-otter-42',
  model: 'claude-sonnet-5-5',
  system_prompt: 'You are Host.',
  tools: [{ type: 'bash_20250124', name: 'bash' }],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  desktop: true,
  metadata: {},
  timeout_seconds: 0,
  created_by: 'user:local',
  secrets: {},
  source: null,
};
const usage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};

/** A session's history as the decider allows it, without any I/O; keeps each request that Host would send. */
export class Rehearsal {
  readonly events: EventEnvelope[] = [];
  readonly requests: { conversation: number; request: ModelRequest }[] = [];
  /** What the attachments hold. */
  readonly pictures: Uint8Array[] = [];
  private ids = 0;
  private conversation = 0;

  constructor() {
    this.do({ type: 'create', data: SETTINGS });
    this.startComputer();
  }

  get state() {
    return fold(this.events);
  }

  /** Appends what is decided; what the state does not allow is left out. */
  do(command: SessionCommand): boolean {
    try {
      for (const event of decide(this.state, command)) this.append(event);
      return true;
    } catch (error) {
      if (error instanceof DomainError) return false;
      throw error;
    }
  }

  startComputer(): void {
    const data = {
      driver: 'local',
      node: 'n',
      image: null,
      computer_id: 'c',
      took_ms: 1,
      origin: 'created' as const,
    };
    this.do({ type: 'report-computer-started', data });
  }

  post(content: string): void {
    this.do({
      type: 'post-message',
      data: { message_id: this.newId('m'), role: 'user', content, metadata: {} },
    });
  }

  startTurn(): void {
    this.do({ type: 'record-snapshot-failure', data: { reason: 'none', at_version: 1 } });
    const messageIds = this.state.pendingMessageIds.slice(0, 1);
    if (this.do({ type: 'start-turn', turnId: this.newId('t'), messageIds })) {
      this.conversation = this.events.filter(({ type }) => type === 'messages.cleared').length;
    }
  }

  /** Host's next step in the running turn; `reply` is what the model would say. */
  step(reply: { content: ContentBlock[]; stopReason: string }): void {
    const turn_id = this.state.turn?.id;
    if (turn_id === undefined) return;
    const step = nextStep(this.events, turn_id, 100);
    switch (step.do) {
      case 'ask':
        this.requests.push({ conversation: this.conversation, request: requestOf(this.events, turn_id) });
        this.do({ type: 'record-response', data: this.response(turn_id, reply) });
        return;
      case 'run-tool': {
        const { id, name, input } = step.use;
        this.do({ type: 'start-tool', data: { turn_id, use_id: id, name, input } });
        return this.complete(turn_id, step.use, this.useTool(step.use));
      }
      case 'skip-tool':
        return this.complete(turn_id, step.use, { ...mistake('skipped'), outcome: 'not_executed' });
      case 'give-up-tool':
        return this.complete(turn_id, step.use, { ...mistake('unknown'), outcome: 'unknown' });
      case 'complete':
        this.do({ type: 'complete-turn', data: { turn_id, stop_reason: step.stopReason } });
        return;
      case 'fail':
        this.do({ type: 'fail-turn', turnId: turn_id, reason: step.reason, message: step.message });
        return;
      case 'nothing':
        return;
    }
  }

  /** The turn is interrupted while the model replies; `reply` is what it would have said, of which some blocks came. */
  interruptReply({ content }: { content: ContentBlock[] }, completeBlocks: number): void {
    const turn_id = this.state.turn?.id;
    if (turn_id === undefined || nextStep(this.events, turn_id, 100).do !== 'ask') return;
    this.requests.push({ conversation: this.conversation, request: requestOf(this.events, turn_id) });
    this.do({ type: 'interrupt', by: 'user:local' });
    const kept = keptOfCutReply(content.slice(0, completeBlocks + 1), completeBlocks);
    const data = this.response(turn_id, { content: kept, stopReason: 'interrupted' });
    this.do({ type: 'record-late-response', data });
  }

  /** A tool starts and its host dies. */
  crash(): void {
    const turn_id = this.state.turn?.id;
    const step = turn_id === undefined ? undefined : nextStep(this.events, turn_id, 100);
    if (turn_id === undefined || step?.do !== 'run-tool') return;
    const { id, name, input } = step.use;
    this.do({ type: 'start-tool', data: { turn_id, use_id: id, name, input } });
  }

  private complete(turn_id: string, { id }: ToolUseBlock, { content, isError, outcome }: ToolAnswer): void {
    const data = { turn_id, use_id: id, content, is_error: isError, outcome, took_ms: 1 };
    this.do({ type: 'complete-tool', data });
  }

  private useTool(use: ToolUseBlock): ToolAnswer {
    if (countsOnOldScreen(this.events, use)) {
      return {
        content: [{ type: 'text', text: 'old' }, this.picture()],
        isError: true,
        outcome: 'not_executed',
      };
    }
    if (use.name === 'screenshot') return answer([this.picture()]);
    return use.name === 'key' ? mistake('no such key') : answer('ok');
  }

  private picture(): ContentBlock {
    const bytes = new TextEncoder().encode(this.newId('picture '));
    this.pictures.push(bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return {
      type: 'image',
      source: { type: 'attachment', media_type: 'image/jpeg', sha256, bytes: bytes.length },
    };
  }

  newId(prefix: string): string {
    return `${prefix}${++this.ids}`;
  }

  private response(
    turn_id: string,
    reply: { content: ContentBlock[]; stopReason: string },
  ): EventData['model.responded'] {
    const content = reply.content.map((block) =>
      block.type === 'tool_use' ? { ...block, id: this.newId('u') } : block,
    );
    const rest = { model: 'm', stop_reason: reply.stopReason, usage, request_digest: '', took_ms: 1 };
    return { turn_id, message_id: this.newId('h'), content, ...rest };
  }

  private append(event: Parameters<typeof envelop>[2]): void {
    const version = this.events.length + 1;
    const provenance = { actor: 'spec', commandid: 'c', correlationid: 'c', source: '/spec' };
    this.events.push(
      envelop('s', version, event, { ...provenance, id: `e${version}`, time: '2026-01-02T03:04:05.678Z' }),
    );
  }
}
