import {
  decide,
  DomainError,
  envelop,
  fold,
  type ContentBlock,
  type EventEnvelope,
  type SessionCommand,
  type SessionCreated,
} from '#domain';
import { requestOf, type ModelRequest } from '../conversation.js';
import { nextStep } from '../next-step.js';

const SETTINGS: SessionCreated = {
  name: 'quiet-otter-42',
  model: 'claude-sonnet-5-5',
  system_prompt: 'You are Host.',
  tools: [{ type: 'bash_20250124', name: 'bash' }],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
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
        return void this.respond(turn_id, reply);
      case 'run-tool':
        this.do({ type: 'start-tool', data: { turn_id, use_id: step.use.id, name: 'bash', input: {} } });
        return;
      case 'skip-tool':
      case 'give-up-tool': {
        const result = { content: 'ok', is_error: false, outcome: 'completed' as const, took_ms: 1 };
        this.do({ type: 'complete-tool', data: { turn_id, use_id: step.use.id, ...result } });
        return;
      }
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

  newId(prefix: string): string {
    return `${prefix}${++this.ids}`;
  }

  private respond(turn_id: string, reply: { content: ContentBlock[]; stopReason: string }): void {
    const content = reply.content.map((block) =>
      block.type === 'tool_use' ? { ...block, id: this.newId('u') } : block,
    );
    const rest = { model: 'm', stop_reason: reply.stopReason, usage, request_digest: '', took_ms: 1 };
    this.do({ type: 'record-response', data: { turn_id, message_id: this.newId('h'), content, ...rest } });
  }

  private append(event: Parameters<typeof envelop>[2]): void {
    const version = this.events.length + 1;
    const provenance = { actor: 'spec', commandid: 'c', correlationid: 'c', source: '/spec' };
    this.events.push(
      envelop('s', version, event, { ...provenance, id: `e${version}`, time: '2026-01-02T03:04:05.678Z' }),
    );
  }
}
