import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import { createDockerComputers } from '../index.js';
import { describeWithDocker } from '../testing/computers.js';
import { LABELS } from './naming.js';

interface EngineAddress {
  getSocketPath(): Promise<string>;
}

/** A way to the engine that can be cut, as by the death of the service. */
async function cuttable(address: EngineAddress) {
  const socketPath = await address.getSocketPath();
  const folder = await mkdtemp(join(tmpdir(), 'raworc-engine-'));
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect(socketPath);
    for (const [socket, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => other.destroy());
      socket.pipe(other);
    }
  });
  const path = join(folder, 'socket');
  await once(server.listen(path), 'listening');
  const cut = async (): Promise<void> => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await rm(folder, { recursive: true, force: true });
  };
  return { path, cut };
}

await describeWithDocker('a helper', (fixture) => {
  it('does not stay when the service ends in the middle of its work', async () => {
    const id = await fixture.running();
    const label = [`${LABELS.helper}=${id}`];
    const modem: unknown = fixture.docker.modem;
    const engine = await cuttable(modem as EngineAddress);
    const events = await fixture.docker.getEvents({
      filters: { type: ['container'], event: ['start', 'destroy'], label },
    });
    const lines = createInterface({ input: events })[Symbol.asyncIterator]();
    const snapshot = createDockerComputers({
      home: fixture.home,
      docker: { socketPath: engine.path },
    }).snapshot(id);
    const ended = expect(snapshot).rejects.toMatchObject({ code: 'driver_unavailable' });
    expect((await lines.next()).value).toContain('"start"');
    await engine.cut();
    await ended;
    expect((await lines.next()).value).toContain('"destroy"');
    expect(await fixture.docker.listContainers({ all: true, filters: { label } })).toEqual([]);
    events.removeAllListeners('error').on('error', () => undefined);
    (events as unknown as Socket).destroy();
    await fixture.computers.snapshot(id);
  });
});
