import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CliError, systemCodeOf } from '../errors/cli-error.js';
import { findServer, type Server } from '../location/find-server.js';
import { errorFromReply } from './problem.js';
import { withRetryAfter } from './retry-after.js';
import { readBytes, readText, send, Unreachable, type RequestHeaders } from './send.js';

/** How often a request is repeated whose work is done, but not yet visible; each waits for two seconds. */
const LAG_ATTEMPTS = 15;

export interface RequestOptions {
  headers?: RequestHeaders;
  body?: string | Buffer;
  signal?: AbortSignal;
}

export interface Answer<T> {
  data: T;
  /** Place on the log that the answer includes, from the Raworc-Sequence header; undefined when not sent. */
  sequence: number | undefined;
}

/** Talks to the server. When it is the local service and does not run, the first request starts it. */
export class Client {
  #server: Server;

  constructor(
    server: Server = findServer(),
    private readonly mayStart = server.local,
  ) {
    this.#server = server;
  }

  /**
   * The reply as it comes, whatever its status; one that asks to come again later is waited for.
   * @throws {Unreachable}
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    return withRetryAfter({ method, ...options }, () => this.requestOnce(method, path, options));
  }

  /** Starts the local service when it does not run. */
  private async requestOnce(method: string, path: string, options: RequestOptions): Promise<IncomingMessage> {
    try {
      return await this.stream(method, path, options);
    } catch (error) {
      if (!this.mayStart || !isRefused(error)) throw error;
    }
    const { startInBackground } = await import('../local-service/launch.js');
    await startInBackground(this.#server.home);
    this.#server = findServer();
    return this.stream(method, path, options);
  }

  /** Like `request`, but never starts the service. */
  async stream(method: string, path: string, options: RequestOptions): Promise<IncomingMessage> {
    const { local, token } = this.#server;
    const reply = await this.send(method, path, options);
    if (!local || token !== undefined || reply.statusCode !== 401) return reply;
    // The home was empty when it was looked at, and another command has started its service since.
    reply.resume();
    this.#server = findServer();
    return this.send(method, path, options);
  }

  private send(
    method: string,
    path: string,
    { headers, ...options }: RequestOptions,
  ): Promise<IncomingMessage> {
    const { token, local, home } = this.#server;
    const authorization: RequestHeaders = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const all: RequestHeaders = { accept: 'application/json', ...authorization, ...headers };
    if (!local && all.authorization === undefined) throw tokenMissing(this.#server);
    return send({ method, url: this.url(path), home: local ? home : undefined, headers: all, ...options });
  }

  /** A JSON exchange. @throws {CliError} with the code of the problem that the server answers. */
  async call<T>(method: string, path: string, body?: object): Promise<Answer<T>> {
    const headers: RequestHeaders = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    // Makes it safe to repeat the request: the same key does the same work only once.
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    const options = { headers, body: body && JSON.stringify(body) };

    for (let attempt = 1; ; attempt += 1) {
      const reply = await this.request(method, path, options);
      const text = await readText(reply);
      const status = reply.statusCode ?? 0;
      if (status >= 400) throw errorFromReply(status, text, this.url(path));
      if (status === 202 && attempt < LAG_ATTEMPTS) continue;
      return { data: parse(text, this.url(path)) as T, sequence: sequenceOf(reply) };
    }
  }

  /** What is not JSON, such as a picture. @throws {CliError} with the code of the problem that the server answers. */
  async bytes(path: string, accept: string): Promise<Buffer> {
    const reply = await this.request('GET', path, { headers: { accept } });
    const status = reply.statusCode ?? 0;
    if (status >= 400) throw errorFromReply(status, await readText(reply), this.url(path));
    return readBytes(reply);
  }

  /** Looks again where the local service is; after a restart it may have another port. */
  refresh(): void {
    if (this.#server.local) this.#server = findServer();
  }

  /** The address of a path under /api/v0, which the path may begin with or not. */
  url(path: string): URL {
    const relative = path.replace(/^\/+/, '').replace(/^api\/v0(\/+|(?=\?)|$)/, '');
    return new URL(`${this.#server.url}/api/v0/${relative}`);
  }
}

/** No socket, or one that a service left when it was killed. */
function isRefused(error: unknown): boolean {
  return error instanceof Unreachable && ['ECONNREFUSED', 'ENOENT'].includes(systemCodeOf(error.cause) ?? '');
}

/** Nothing is sent, since a request may carry a key, and a server that was not told a token is not known. */
function tokenMissing({ url }: Server): CliError {
  return new CliError('token_missing', `There is no token for ${url}, so nothing was sent there.`, {
    exit: 2,
    hint: 'Set RAWORC_TOKEN to the token of that server, which is in the file "token" of its RAWORC_HOME.',
  });
}

function sequenceOf(reply: IncomingMessage): number | undefined {
  const value = Number(reply.headers['raworc-sequence'] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

function parse(text: string, url: URL): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError('reply_malformed', `${url.href} answered with something that is not JSON.`, {
      cause: error,
      hint: 'Is a Raworc server at this address?',
    });
  }
}
