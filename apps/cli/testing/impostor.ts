import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A program that holds a port which a service may have had, and agrees to everything that it is asked. */
export interface Impostor {
  port: number;
  url: string;
  /** All that clients have sent: request lines, headers and bodies. */
  heard(): string;
  stop(): Promise<void>;
}

export async function startImpostor(port = 0): Promise<Impostor> {
  let heard = '';
  const server = createServer((request, response) => {
    heard += `${request.method} ${request.url} ${JSON.stringify(request.headers)}\n`;
    request.setEncoding('utf8').on('data', (text: string) => (heard += text));
    request.once('end', () => {
      const streams = request.headers.accept === 'text/event-stream';
      const type = streams ? 'text/event-stream' : 'application/json';
      response.writeHead(200, { 'content-type': type, 'raworc-sequence': '1' });
      if (streams) response.flushHeaders();
      else response.end(JSON.stringify({ status: 'ok', version: '1.2.3' }));
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    heard: () => heard,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
