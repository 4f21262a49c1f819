import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { withRetryAfter } from './retry-after.js';
import { send, type RequestHeaders } from './send.js';

let server: Server | undefined;
afterEach(() => {
  server?.close();
});

/** Answers with the statuses in turn, the last one again and again; refusals ask to come again at once. */
async function ask(
  method: string,
  statuses: number[],
  { headers = {}, after = '0', patienceMs = 60_000 }: Asking = {},
) {
  let requests = 0;
  const listener: RequestListener = (_, response) => {
    const status = statuses[Math.min(requests++, statuses.length - 1)] ?? 200;
    response.writeHead(status, status < 400 || after === '' ? {} : { 'retry-after': after }).end('{}');
  };
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const sendOnce = () => send({ method, url, headers });
  const reply = await withRetryAfter({ method, headers }, sendOnce, patienceMs);
  reply.resume();
  return { status: reply.statusCode, requests };
}

interface Asking {
  headers?: RequestHeaders;
  after?: string;
  patienceMs?: number;
}

describe('a request that the server puts off', () => {
  it.each(['GET', 'PUT', 'DELETE'])('is sent again: %s', async (method) => {
    expect(await ask(method, [429, 503, 429, 200])).toEqual({ status: 200, requests: 4 });
  });

  it('is sent again after 429 whatever it is, after 503 only when that does nothing twice', async () => {
    expect(await ask('POST', [429, 201])).toEqual({ status: 201, requests: 2 });
    expect(await ask('POST', [503, 201])).toEqual({ status: 503, requests: 1 });
    const headers = { 'Idempotency-Key': 'k' };
    expect(await ask('POST', [503, 201], { headers })).toEqual({ status: 201, requests: 2 });
  });

  it('is not sent again without a time to come again, or after another refusal', async () => {
    expect(await ask('GET', [503, 200], { after: '' })).toEqual({ status: 503, requests: 1 });
    expect(await ask('GET', [503, 200], { after: 'soon' })).toEqual({ status: 503, requests: 1 });
    expect(await ask('GET', [507, 200])).toEqual({ status: 507, requests: 1 });
  });

  it('is reported when the patience is over', async () => {
    expect(await ask('GET', [429], { after: '5', patienceMs: 1000 })).toEqual({ status: 429, requests: 1 });
  });

  it('may come again at a date', async () => {
    const after = new Date(Date.now() - 1000).toUTCString();
    expect(await ask('GET', [503, 200], { after })).toEqual({ status: 200, requests: 2 });
  });
});
