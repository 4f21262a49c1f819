import type { IncomingMessage } from 'node:http';
import { CliError, messageOf } from '../errors/cli-error.js';

const CONNECT_DEADLINE_MS = 10_000;

export type RequestHeaders = Record<string, string | string[]>;

export interface HttpRequest {
  method: string;
  url: URL;
  headers: RequestHeaders;
  body?: string | Buffer;
  signal?: AbortSignal;
}

/** Nothing answers at the server's address. */
export class Unreachable extends CliError {
  constructor(url: URL, cause: unknown) {
    super('server_unreachable', `Nothing answers at ${url.origin}: ${reason(cause)}.`, {
      exit: 2,
      cause,
      hint: 'Is RAWORC_SERVER right, and does Raworc run there?',
    });
  }
}

/**
 * Sends one request and resolves with the reply as soon as its headers are there.
 * `node:http` rather than `fetch`: it loads faster, and a stream may be silent for as long as it likes.
 * @throws {Unreachable}
 */
export async function send({ method, url, headers, body, signal }: HttpRequest): Promise<IncomingMessage> {
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const outgoing = request(url, { method, headers: { ...headers, ...length }, agent: false, signal });

  outgoing.once('response', resolve);
  outgoing.once('error', (error) => reject(signal?.aborted ? error : new Unreachable(url, error)));
  outgoing.once('socket', (socket) => {
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no connection within ${CONNECT_DEADLINE_MS / 1000} seconds`)),
      CONNECT_DEADLINE_MS,
    );
    socket.once('connect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  });
  outgoing.end(body);
  return promise;
}

export async function readText(reply: IncomingMessage): Promise<string> {
  return (await readBytes(reply)).toString('utf8');
}

export async function readBytes(reply: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function reason(cause: unknown): string {
  // A host name with several addresses gives one error for each.
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join('; ');
  return messageOf(cause);
}
