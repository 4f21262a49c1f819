import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { SseWriter } from './sse-writer.js';

it('tells a client that took nothing for too long why its stream ended, once it reads on', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const client = request({ port, host: '127.0.0.1' }).end();
  const answered = once(client, 'response') as Promise<[IncomingMessage]>;

  const [, response] = await asked;
  const writer = new SseWriter(response, { heartbeat: 10, stalledAfter: 100 }, new AbortController().signal);
  const [reply] = await answered;
  let sent = 0;
  for (; !writer.stalled.aborted; sent++) await writer.send({ id: sent, data: 'x'.repeat(100_000) });
  await writer.send({ data: 'after the end' });

  const frames = (await text(reply)).split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'));
  expect(frames).toHaveLength(sent + 1);
  expect(frames.at(-1)).toMatch(/^event: end\ndata: \{"code":"client_too_slow"/);
  writer.close();
  server.close();
});
