import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContentBlock } from '#domain';
import type { ModelRequest } from '../conversation.js';
import { objectionTo } from './objections.js';

/** What the API answers to one request. */
export type Answer =
  | { content: ContentBlock[]; stopReason?: string }
  | { status: number; type: string; message: string; headers?: Record<string, string> }
  /** Streams a text and then says nothing more, or closes the connection, or reports an error in the stream. */
  | { begins: string; then: 'silence' | 'cut' | 'overloaded' };

export interface Claude {
  url: string;
  /** Requests as they came over the wire. */
  requests: (ModelRequest & { key: string | undefined })[];
  /** Resolves when the n-th request (1, 2, …) is there and its reply has begun. */
  request(n: number): Promise<ModelRequest>;
  /** Resolves when the client of the n-th request has hung up before the reply was complete. */
  left(n: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The Messages API on loopback, as strict about histories as the real one and as broken as a spec wants it:
 * for what a script of good answers cannot show.
 */
export async function startClaude(
  answers: Answer[] | ((request: ModelRequest, n: number) => Answer),
): Promise<Claude> {
  const requests: Claude['requests'] = [];
  const waiting = new Map<number, (request: ModelRequest) => void>();
  const left: PromiseWithResolvers<void>[] = [];
  const server = createServer((incoming, response) => {
    void readJson(incoming).then((body) => {
      const n = requests.push({ ...body, key: incoming.headers.authorization?.replace('Bearer ', '') });
      const leaving = (left[n] ??= Promise.withResolvers());
      response.on('close', () => !response.writableFinished && leaving.resolve());
      const objection = objectionTo(body.messages);
      const wanted = typeof answers === 'function' ? answers(body, n) : answers[n - 1];
      reply(response, objection === undefined ? wanted : refusal(objection));
      waiting.get(n)?.(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    request: (n) =>
      new Promise((resolve) => {
        const there = requests[n - 1];
        if (there === undefined) waiting.set(n, resolve);
        else resolve(there);
      }),
    left: (n) => (left[n] ??= Promise.withResolvers()).promise,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const refusal = (message: string): Answer => ({ status: 400, type: 'invalid_request_error', message });

async function readJson(incoming: IncomingMessage): Promise<ModelRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as ModelRequest;
}

function reply(response: ServerResponse, answer: Answer | undefined): void {
  if (answer === undefined) return reply(response, refusal('the spec has no answer to this request'));
  if ('status' in answer) {
    const { status, type, message, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ type: 'error', error: { type, message } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event: { type: string; [field: string]: unknown }): void => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  send({ type: 'message_start', message: emptyMessage() });
  if ('begins' in answer) {
    send({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
    send({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: answer.begins } });
    if (answer.then === 'overloaded')
      send({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    if (answer.then !== 'silence') response.end();
    return;
  }
  answer.content.forEach((block, index) => sendBlock(send, block, index));
  const stop_reason =
    answer.stopReason ?? (answer.content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn');
  send({ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 2 } });
  send({ type: 'message_stop' });
  response.end();
}

function emptyMessage() {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    stop_reason: null,
    usage,
  };
}

type Send = (event: { type: string; [field: string]: unknown }) => void;

function sendBlock(send: Send, block: ContentBlock, index: number): void {
  const delta = (fields: { type: string; [field: string]: unknown }): void =>
    send({ type: 'content_block_delta', index, delta: fields });
  if (block.type === 'text') {
    send({ type: 'content_block_start', index, content_block: { ...block, text: '' } });
    for (const piece of String(block['text']).match(/.{1,8}/gs) ?? [])
      delta({ type: 'text_delta', text: piece });
  } else if (block.type === 'tool_use') {
    send({ type: 'content_block_start', index, content_block: { ...block, input: {} } });
    delta({ type: 'input_json_delta', partial_json: JSON.stringify(block['input']) });
  } else {
    send({ type: 'content_block_start', index, content_block: block });
  }
  send({ type: 'content_block_stop', index });
}

export const text = (words: string): ContentBlock => ({ type: 'text', text: words });

let uses = 0;
export const use = (name: string, input: unknown): ContentBlock => ({
  type: 'tool_use',
  id: `toolu_${++uses}`,
  name,
  input,
});
export const bash = (command: string): ContentBlock => use('bash', { command });
