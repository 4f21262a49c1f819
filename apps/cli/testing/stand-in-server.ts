import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StandInSession } from './stand-in-session.js';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

export type Handler = (request: SeenRequest, response: ServerResponse) => boolean;

export interface StandInOptions {
  token?: string;
  /** Makes it the service of this home. */
  home?: string;
  /** Those that it has from the start. */
  sessions?: StandInSession[];
}

/** A loopback server that speaks the part of the REST contract that the command line uses. */
export class StandInServer {
  readonly token: string;
  readonly seen: SeenRequest[] = [];
  readonly sessions: StandInSession[];
  /** Answers before the server does; true when it did. */
  intercept: Handler = () => false;
  /** What Host does with a message. Default: it says what it was told. */
  host = async (session: StandInSession, messageId: string, content: string): Promise<void> =>
    session.answer(messageId, `You said: ${content}`);

  readonly #server = createServer();
  readonly #socket = createSocketServer((connection) => this.#server.emit('connection', connection));

  private constructor({ token = 'a-token-for-the-specs', sessions = [] }: StandInOptions) {
    this.token = token;
    this.sessions = [...sessions];
    this.#server.on('request', (request, response) => void this.#serve(request, response));
  }

  static async start(options: StandInOptions = {}): Promise<StandInServer> {
    const standIn = new StandInServer(options);
    standIn.#server.listen(0, '127.0.0.1');
    await once(standIn.#server, 'listening');
    if (options.home !== undefined) await standIn.#serveHome(options.home);
    return standIn;
  }

  async #serveHome(home: string): Promise<void> {
    this.#socket.listen(join(home, 'api.sock'));
    await once(this.#socket, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    // Without an identity, or a command that stops the service would stop the process of the spec.
    const file = {
      pid: process.pid,
      identity: null,
      port,
      url: this.url,
      started_at: Date.now() / 1000,
      version: '9.9.9',
    };
    writeFileSync(join(home, 'service.json'), JSON.stringify(file));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The environment of a command that talks to this server. */
  get env(): Record<string, string> {
    return { RAWORC_SERVER: this.url, RAWORC_TOKEN: this.token };
  }

  async stop(): Promise<void> {
    if (this.#socket.listening) this.#socket.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  createSession(fields: { name?: string; state?: 'init' | 'idle' | 'busy' | 'closed' } = {}): StandInSession {
    const session = new StandInSession(this.sessions.length + 1, fields);
    this.sessions.push(session);
    return session;
  }

  requests(method: string, path: RegExp): SeenRequest[] {
    return this.seen.filter((request) => request.method === method && path.test(request.path));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
    this.seen.push(request);
    if (this.intercept(request, response)) return;
    if (url === '/healthz') return sendJson(response, 200, { status: 'ok' });
    if (headers.authorization !== `Bearer ${this.token}`) {
      return sendProblem(response, 401, 'unauthorized', 'The token is wrong.');
    }
    this.#route(request, response);
  }

  #route(request: SeenRequest, response: ServerResponse): void {
    const { method, path, body } = request;
    const url = new URL(path, this.url);
    const [, , , collection, reference, verb] = url.pathname.split('/');
    if (collection === 'version') return sendJson(response, 200, { version: '9.9.9', api: 'v0' });
    if (collection !== 'sessions') return sendProblem(response, 404, 'not_found', `There is no ${path}.`);
    const input = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;

    if (reference === undefined && method === 'POST') {
      const session = this.createSession({ name: input.name as string | undefined, state: 'init' });
      session.append('session.created', {});
      if (typeof input.prompt === 'string') this.#post(session, input.prompt);
      return sendJson(response, 201, session.view, session.sequence);
    }
    if (reference === undefined) {
      const state = url.searchParams.get('state');
      const listed = this.sessions.filter((session) => state === null || session.view.state === state);
      return sendJson(
        response,
        200,
        listed.map(({ view }) => view),
      );
    }
    const session = this.sessions.find(({ view }) => view.id === reference || view.name === reference);
    if (session === undefined) {
      return sendProblem(response, 404, 'session_not_found', `There is no session "${reference}".`);
    }
    this.#routeSession(session, verb, { ...request, url, input }, response);
  }

  #routeSession(
    session: StandInSession,
    verb: string | undefined,
    { method, url, headers, input }: SeenRequest & { url: URL; input: Record<string, unknown> },
    response: ServerResponse,
  ): void {
    const show = (): void => sendJson(response, 200, session.view, session.sequence);
    switch (`${method} ${verb ?? ''}`) {
      case 'GET ':
        return show();
      case 'PATCH ':
        session.update(input);
        return show();
      case 'DELETE ':
        session.append('session.deleted', {});
        this.sessions.splice(this.sessions.indexOf(session), 1);
        return void response.writeHead(204).end();
      case 'GET messages': {
        const limit = Number(url.searchParams.get('limit') ?? 1000);
        return sendJson(response, 200, session.messages.slice(-limit), session.sequence);
      }
      case 'POST messages':
        return sendJson(response, 201, this.#post(session, String(input.content)), session.sequence);
      case 'GET events':
        if (headers.accept !== 'text/event-stream') return sendJson(response, 200, session.events);
        return session.stream(
          response,
          Number(headers['last-event-id'] ?? url.searchParams.get('after') ?? 0),
        );
      case 'POST remix':
        return this.#remix(session, input, response);
      case 'POST close':
        session.close();
        return show();
      case 'POST restore':
        session.restore();
        return show();
      case 'POST interrupt':
        session.interrupt();
        return show();
      default:
        return sendProblem(response, 404, 'not_found', `There is no ${method} ${url.pathname}.`);
    }
  }

  #post(session: StandInSession, content: string): object {
    const message = session.post(content);
    void this.host(session, message.id, content);
    return message;
  }

  #remix(source: StandInSession, input: Record<string, unknown>, response: ServerResponse): void {
    const remix = this.createSession({ name: input.name as string | undefined, state: 'idle' });
    remix.view.remixed_from = { session_id: source.view.id, version: 7 };
    remix.messages.push(...source.messages);
    const copied = { messages: source.messages.length, files: 3, bytes: 1024, secrets: 1, from_version: 7 };
    sendJson(response, 201, { ...remix.view, copied }, remix.sequence);
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown, sequence = 0): void {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'raworc-sequence': String(sequence) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

export function sendProblem(response: ServerResponse, status: number, code: string, detail: string): void {
  const body = { type: `https://raworc.dev/problems/${code}`, title: code, status, code, detail };
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
}
