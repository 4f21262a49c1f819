import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beginning, eventsOf, sendEvents, type StreamEvent } from './message-stream.js';
import type { Block, Message } from './message.js';
import { objectionTo } from './objections.js';

/** What the API answers to one request. */
export type Answer =
  | {
      content: Block[];
      stopReason?: string;
      /** Says nothing more after so many server-sent events; the connection stays. */
      silentAfter?: number;
    }
  | { status: number; type: string; message: string; headers?: Record<string, string> }
  /** Streams a text and then says nothing more, or closes the connection, or reports an error in the stream. */
  | { begins: string; then: 'silence' | 'cut' | 'overloaded' }
  /** Streams a text, when there is one, and then pings or one more word every few milliseconds, without an end. */
  | { begins: string; then: 'pings' | 'drips' };

/** What a request says, as far as a stand-in reads it. */
export interface Asked {
  model: string;
  messages: Message[];
  [field: string]: unknown;
}

export interface MessagesServer {
  url: string;
  stop(): Promise<void>;
}

export interface MessagesServerOptions {
  /** Called once for each request, also for one that is then refused. */
  answer: (request: {
    body: Asked;
    key: string | undefined;
    response: ServerResponse;
  }) => Answer | Promise<Answer>;
  /** Milliseconds between two pieces of a reply. */
  chunkDelayMs?: number;
}

/**
 * The Messages API on loopback: the real SDK talks to it over HTTP and server-sent events, and it refuses the histories
 * that the real one would refuse.
 */
export async function startMessagesServer({
  answer,
  chunkDelayMs = 0,
}: MessagesServerOptions): Promise<MessagesServer> {
  const server = createServer((incoming, response) => {
    readJson(incoming)
      .then(async ({ body, bytes }) => {
        const key = incoming.headers.authorization?.replace('Bearer ', '') ?? incoming.headers['x-api-key'];
        const wanted = await answer({ body, key: key?.toString(), response });
        const objection = objectionTo(body.messages);
        const said =
          bytes > MAX_REQUEST_BYTES ? TOO_LARGE : objection === undefined ? wanted : refusal(objection);
        await reply(response, body, said, chunkDelayMs);
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function refusal(message: string): Answer {
  return { status: 400, type: 'invalid_request_error', message };
}

/** What the API takes in one request. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
const TOO_LARGE: Answer = {
  status: 413,
  type: 'request_too_large',
  message: 'Request exceeds the maximum size',
};

async function readJson(incoming: IncomingMessage): Promise<{ body: Asked; bytes: number }> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  return { body: JSON.parse(whole.toString()) as Asked, bytes: whole.length };
}

async function reply(
  response: ServerResponse,
  body: Asked,
  answer: Answer,
  chunkDelayMs: number,
): Promise<void> {
  if ('status' in answer) {
    const { status, type, message, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ type: 'error', error: { type, message } }));
    return;
  }
  const left = new AbortController();
  response.once('close', () => left.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event: StreamEvent): void =>
    void response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  const usage = { input_tokens: tokensOf(body.messages), output_tokens: tokensOf(answer) };
  if ('begins' in answer)
    return breakOff(response, answer, [beginning(body.model, usage.input_tokens)], send);
  const events = eventsOf({ ...answer, model: body.model, usage });
  const { silentAfter = Infinity } = answer;
  await sendEvents(take(events, silentAfter), send, { chunkDelayMs, signal: left.signal });
  if (silentAfter === Infinity) response.end();
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}

function breakOff(
  response: ServerResponse,
  { begins, then }: Extract<Answer, { begins: string }>,
  first: StreamEvent[],
  send: (event: StreamEvent) => void,
): void {
  if (then === 'pings' || then === 'drips') repeat(response, () => send(then === 'pings' ? PING : DRIP));
  if (begins === '') return;
  for (const event of first) send(event);
  send({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  send({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: begins } });
  if (then === 'overloaded')
    send({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  if (then === 'cut' || then === 'overloaded') response.end();
}

const PING: StreamEvent = { type: 'ping' };
const DRIP: StreamEvent = {
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: ' on' },
};
const EVERY_MS = 10;

function repeat(response: ServerResponse, step: () => void): void {
  const timer = setInterval(step, EVERY_MS);
  response.once('close', () => clearInterval(timer));
}

/** About what a tokenizer would count; a picture's data counts for nothing. */
function tokensOf(value: unknown): number {
  const said = JSON.stringify(value, (name, field: unknown) => (name === 'data' ? undefined : field));
  return Math.ceil(said.length / 4);
}
