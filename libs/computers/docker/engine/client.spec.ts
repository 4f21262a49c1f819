import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { asEngineError } from './engine-error.js';
import { connectEngine } from './client.js';

const IMPATIENT = { quick: 100, slow: 300 };

let server: Server | undefined;
afterEach(() => {
  jest.useRealTimers();
  server?.closeAllConnections();
  server?.close();
});

async function engineThat(answers: RequestListener, patience?: typeof IMPATIENT) {
  server = createServer(answers).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return connectEngine({ host: '127.0.0.1', port, protocol: 'http' }, patience);
}

function failureOf(work: Promise<unknown>) {
  return work.then(
    () => undefined,
    (error: unknown) => asEngineError(error),
  );
}

describe('an engine that does not answer', () => {
  it('is waited for so long, and then named with what was asked', async () => {
    const docker = await engineThat(() => undefined, IMPATIENT);
    expect(await failureOf(docker.getContainer('x').start())).toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringMatching(/does not answer \(POST \/containers\/x\/start took more than 0\.1 s\)/),
    });
    const exec = docker.getExec('y').start({ hijack: true, stdin: true });
    expect(await failureOf(exec)).toMatchObject({ code: 'driver_unavailable' });
    const begun = performance.now();
    expect(await failureOf(docker.getVolume('z').remove())).toMatchObject({ code: 'driver_unavailable' });
    expect(performance.now() - begun).toBeGreaterThan(250);
  });

  it('is not waited for after half an answer either', async () => {
    const docker = await engineThat((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"Id":');
    }, IMPATIENT);
    expect(await failureOf(docker.getContainer('x').inspect())).toMatchObject({ code: 'driver_unavailable' });
  });

  it('is not waited for when it is gone after half an answer', async () => {
    const docker = await engineThat((_request, response) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': 100 };
      response.writeHead(200, headers).write('{"Id":', () => response.destroy());
    }, IMPATIENT);
    expect(await failureOf(docker.getContainer('x').inspect())).toMatchObject({
      code: 'driver_unavailable',
      message: expect.stringContaining('GET /containers/x/json took more than 0.1 s'),
    });
  });
});

it('lets streams go on once they have begun', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
  const responses: ServerResponse[] = [];
  const docker = await engineThat((_request, response) => {
    response.writeHead(200).write('{}\n');
    responses.push(response);
  }, IMPATIENT);
  const events = await docker.getEvents();
  jest.advanceTimersByTime(IMPATIENT.slow + 1);
  responses[0]?.end('{"last":true}\n');
  let text = '';
  for await (const chunk of events) text += String(chunk);
  expect(text).toContain('last');
});

it('asks an engine on a new connection whether it still is the one that it was', async () => {
  const docker = await engineThat((_request, response) => response.end('{}'));
  let connections = 0;
  server?.on('connection', () => (connections += 1));
  for (let n = 0; n < 3; n++) await docker.getContainer('x').inspect();
  expect(connections).toBe(1);
  for (let n = 0; n < 3; n++) await docker.getNetwork('bridge').inspect();
  expect(connections).toBe(4);
});
