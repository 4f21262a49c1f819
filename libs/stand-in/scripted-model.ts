import { randomUUID } from 'node:crypto';
import { blocksOf, type Block, type Message } from './message.js';
import { startMessagesServer } from './messages-server.js';

export type ScriptBlock =
  | { type: 'text'; text: string }
  | {
      type: 'tool_use';
      name: string;
      input: Record<string, unknown>;
      /** For a member of a toolset, such as `computer`. */
      toolset_name?: string;
    };

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
  let requests = 0;
  const server = await startMessagesServer({
    ...options,
    answer: ({ body }) => {
      requests += 1;
      return { content: replyTo(rules, body.messages).map(withId) };
    },
  });
  return { ...server, requestCount: () => requests };
}

function replyTo(rules: ScriptRule[], messages: Message[]): ScriptBlock[] {
  const asked = messages.findLastIndex((message) => message.role === 'user' && !hasResults(message));
  const text = textOf(messages[asked]);
  const step = messages.slice(asked).filter(({ role }) => role === 'assistant').length;
  const rule = rules.find(({ lastUserText }) => lastUserText?.test(text) ?? true);
  return rule?.replies[step] ?? NO_RULE;
}

function hasResults(message: Message): boolean {
  return blocksOf(message).some(({ type }) => type === 'tool_result');
}

function textOf(message: Message | undefined): string {
  const texts = message === undefined ? [] : blocksOf(message).filter(({ type }) => type === 'text');
  return texts.map(({ text }) => String(text)).join('\n');
}

function withId(block: ScriptBlock): Block {
  return block.type === 'text' ? block : { id: `toolu_${randomUUID()}`, ...block };
}
