import { setTimeout as delay } from 'node:timers/promises';
import type { Block } from './message.js';

/** One server-sent event of the Messages API. */
export interface StreamEvent {
  type: string;
  [field: string]: unknown;
}

export interface StreamedMessage {
  content: Block[];
  model: string;
  stopReason?: string;
  usage: { input_tokens: number; output_tokens: number };
}

/** Text and JSON come in pieces of this many characters. */
const PIECE = /[^]{1,16}/gu;

/** A reply as the events in which the API streams it. */
export function* eventsOf({ content, model, stopReason, usage }: StreamedMessage): Generator<StreamEvent> {
  yield beginning(model, usage.input_tokens);
  for (const [index, block] of content.entries()) yield* blockEvents(block, index);
  const stop_reason =
    stopReason ?? (content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn');
  yield {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: usage.output_tokens },
  };
  yield { type: 'message_stop' };
}

export function beginning(model: string, inputTokens: number): StreamEvent {
  const usage = { input_tokens: inputTokens, output_tokens: 0 };
  const cache = { cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model, content: [], stop_reason: null };
  return { type: 'message_start', message: { ...message, usage: { ...usage, ...cache } } };
}

function* blockEvents(block: Block, index: number): Generator<StreamEvent> {
  const { empty, whole, deltaOf, last } = streamed(block);
  yield { type: 'content_block_start', index, content_block: empty };
  for (const [piece] of whole.matchAll(PIECE))
    yield { type: 'content_block_delta', index, delta: deltaOf(piece) };
  if (last !== undefined) yield { type: 'content_block_delta', index, delta: last };
  yield { type: 'content_block_stop', index };
}

/** The block as it starts, and what its deltas bring. */
function streamed(block: Block): {
  empty: Block;
  whole: string;
  deltaOf: (piece: string) => Block;
  last?: Block;
} {
  switch (block.type) {
    case 'text':
      return {
        empty: { ...block, text: '' },
        whole: String(block['text']),
        deltaOf: (text) => ({ type: 'text_delta', text }),
      };
    case 'tool_use':
      return {
        empty: { ...block, input: {} },
        whole: JSON.stringify(block['input']),
        deltaOf: (partial_json) => ({ type: 'input_json_delta', partial_json }),
      };
    case 'thinking':
      return {
        empty: { ...block, thinking: '', signature: '' },
        whole: String(block['thinking']),
        deltaOf: (thinking) => ({ type: 'thinking_delta', thinking }),
        last: { type: 'signature_delta', signature: block['signature'] },
      };
    default:
      return { empty: block, whole: '', deltaOf: () => block };
  }
}

/** Sends events one by one, `chunkDelayMs` between two pieces; stops when nobody listens any more. */
export async function sendEvents(
  events: Iterable<StreamEvent>,
  send: (event: StreamEvent) => void,
  { chunkDelayMs, signal }: { chunkDelayMs: number; signal: AbortSignal },
): Promise<void> {
  for (const event of events) {
    if (chunkDelayMs > 0 && event.type === 'content_block_delta') {
      await delay(chunkDelayMs, undefined, { signal }).catch(() => undefined);
    }
    if (signal.aborted) return;
    send(event);
  }
}
