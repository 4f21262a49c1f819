import type { Duplex } from 'node:stream';
import type { Problem } from '#contracts';

/** Answers a request for a WebSocket as any other that is refused. */
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
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
