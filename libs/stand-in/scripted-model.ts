import { randomUUID } from 'node:crypto';
import {
  LLMock,
  type ChatCompletionRequest,
  type ChatMessage,
  type ContentWithToolCallsResponse,
  type FixtureBlock,
} from '@copilotkit/aimock';

export type ScriptBlock =
  { type: 'text'; text: string } | { type: 'tool_use'; name: string; input: Record<string, unknown> };

/** What the model answers to one message: a list of replies, one for each request of the turn. */
export interface ScriptRule {
  /** Applies to messages that match; without it, to every message. The first rule that applies is taken. */
  lastUserText?: RegExp;
  replies: ScriptBlock[][];
}

export interface ScriptedModel {
  /** For ANTHROPIC_BASE_URL. */
  url: string;
  /** Requests answered so far. */
  requestCount(): number;
  stop(): Promise<void>;
}

const NO_RULE: ScriptBlock[] = [{ type: 'text', text: 'The script has no answer to this.' }];

/**
 * A stand-in for Claude on loopback: the real SDK talks to it over HTTP and server-sent events, and it answers by a
 * script. For the guided tour and for tests.
 */
export async function startScriptedModel(
  rules: ScriptRule[],
  options: { chunkDelayMs?: number } = {},
): Promise<ScriptedModel> {
  const mock = new LLMock({
    port: 0,
    host: '127.0.0.1',
    latency: options.chunkDelayMs ?? 0,
    logLevel: 'silent',
  });
  mock.on({ predicate: () => true }, (request) => respond(request, replyTo(rules, request)));
  await mock.start();
  return {
    url: mock.url,
    requestCount: () => mock.getRequests().length,
    stop: () => mock.stop(),
  };
}

function replyTo(rules: ScriptRule[], { messages }: ChatCompletionRequest): ScriptBlock[] {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const text = textOf(messages[asked]);
  const step = messages.slice(asked).filter(({ role }) => role === 'assistant').length;
  const rule = rules.find(({ lastUserText }) => lastUserText?.test(text) ?? true);
  return rule?.replies[step] ?? NO_RULE;
}

function textOf(message: ChatMessage | undefined): string {
  const content = message?.content ?? '';
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join('\n');
}

function respond(request: ChatCompletionRequest, reply: ScriptBlock[]): ContentWithToolCallsResponse {
  const blocks = reply.map((block): FixtureBlock =>
    block.type === 'text'
      ? block
      : {
          type: 'toolCall',
          id: `toolu_${randomUUID()}`,
          name: block.name,
          arguments: JSON.stringify(block.input),
        },
  );
  return { blocks, usage: { input_tokens: tokensOf(request.messages), output_tokens: tokensOf(reply) } };
}

/** About what a tokenizer would count. */
function tokensOf(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}
