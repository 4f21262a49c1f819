import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { CliError, messageOf } from '../errors/cli-error.js';
import { homeSocket } from '../location/home-socket.js';

const CONNECT_DEADLINE_MS = 10_000;

export type RequestHeaders = Record<string, string | string[]>;

export interface HttpRequest {
  method: string;
  url: URL;
  /** Ask the service of this home, at its socket, instead of whoever listens at the URL. */
  home?: string;
  headers: RequestHeaders;
  body?: string | Buffer;
  signal?: AbortSignal;
}

/** Nothing answers at the server's address. */
export class Unreachable extends CliError {
  constructor({ url, home }: HttpRequest, cause: unknown) {
    const where = home === undefined ? `Nothing answers at ${url.origin}` : `The service of ${home} is gone`;
    super('server_unreachable', `${where}: ${reason(cause)}.`, {
      exit: 2,
      cause,
      hint:
        home === undefined
          ? 'Is RAWORC_SERVER right, and does Raworc run there?'
          : 'Start it with raworc start; raworc logs shows what it did.',
    });
  }
}

/**
 * Sends one request and resolves with the reply as soon as its headers are there.
 * `node:http` rather than `fetch`: it loads faster, and a stream may be silent for as long as it likes.
 * @throws {Unreachable}
 */
export async function send(request: HttpRequest): Promise<IncomingMessage> {
  const { body, signal } = request;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = await open(request);

  outgoing.once('response', resolve);
  outgoing.once('error', (error) => reject(signal?.aborted ? error : new Unreachable(request, error)));
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

async function open(given: HttpRequest): Promise<ClientRequest> {
  const { method, url, home, headers, body, signal } = given;
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options: RequestOptions = { method, headers: { ...headers, ...length }, agent: false, signal };
  if (home === undefined) return request(url, options);
  try {
    return request(url, { ...options, socketPath: homeSocket(home) });
  } catch (error) {
    throw new Unreachable(given, error);
  }
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
