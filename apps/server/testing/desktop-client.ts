import { WebSocket } from 'ws';
import type { Problem, Session } from '#contracts';
import { startComputer } from './lifecycle.js';
import { TOKEN, type TestApp } from './test-app.js';

/** A browser's WebSocket, or somebody's who is none. */
export interface DesktopClient {
  socket: WebSocket;
  /** Why the server refused the handshake; never when it did not. */
  refused: Promise<{ status: number; problem: Problem }>;
  opened: Promise<void>;
  closed: Promise<{ code: number; reason: string }>;
  /** All bytes so far, as Latin-1. */
  received(): string;
  /** Resolves when the bytes hold the text. */
  shows(text: string): Promise<void>;
  /** Resolves when so many bytes have come. */
  holds(bytes: number): Promise<void>;
}

export interface DesktopClientOptions {
  headers?: Record<string, string>;
  query?: string;
}

export const BEARER = { authorization: `Bearer ${TOKEN}` };

export function openDesktop(
  { url }: Pick<TestApp, 'url'>,
  reference: string,
  { headers = BEARER, query = '' }: DesktopClientOptions = {},
): DesktopClient {
  const address = `${url.replace(/^http/, 'ws')}/api/v0/sessions/${reference}/desktop/stream${query}`;
  const socket = new WebSocket(address, ['binary'], { headers });
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('message', (data: Buffer) => {
    text += data.toString('latin1');
    waiting.forEach((look) => look());
  });
  socket.on('error', () => undefined);
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    socket,
    opened: new Promise((resolve) => socket.once('open', resolve)),
    refused: new Promise((resolve) => {
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, problem: JSON.parse(body) as Problem }),
        );
      });
    }),
    closed: new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    }),
    received: () => text,
    shows: (wanted) => until(() => text.includes(wanted)),
    holds: (bytes) => until(() => text.length >= bytes),
  };
}

/** A session whose computer has a desktop, and runs. */
export async function createDesktopSession(app: TestApp): Promise<Session> {
  const session = (await app.client.post('sessions', { desktop: true })).json as Session;
  await startComputer(app, session.id);
  return (await app.client.get(`sessions/${session.id}?min_sequence=${await lastSequence(app)}`))
    .json as Session;
}

export async function lastSequence({ parts }: TestApp): Promise<number> {
  return (await parts.store.info()).lastSequence;
}
