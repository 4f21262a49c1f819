import type { Duplex } from 'node:stream';
import type { Problem } from '#contracts';

/** For a client that does not read the answer. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Answers a request for a WebSocket as any other that is refused, and ends the connection on both sides: no other
 * deadline holds for it any more, so a client that keeps its side open would keep it for ever.
 */
export function refuseUpgrade(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem);
  const challenge = problem.status === 401 ? ['WWW-Authenticate: Bearer realm="raworc"'] : [];
  const head = [
    `HTTP/1.1 ${problem.status} Refused`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...challenge,
  ];
  const giveUp = setTimeout(() => socket.destroy(), ANSWER_WITHIN_MS);
  socket.once('close', () => clearTimeout(giveUp));
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
