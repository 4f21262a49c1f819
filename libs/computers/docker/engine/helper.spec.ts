import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it } from '@jest/globals';
import { cuttableEngine } from '../../../../test/support/cuttable-engine.js';
import { createDockerComputers } from '../index.js';
import { describeWithDocker } from '../testing/computers.js';
import { LABELS } from './naming.js';

interface EngineAddress {
  getSocketPath(): Promise<string>;
}

await describeWithDocker('a helper', (fixture) => {
  it('does not stay when the service ends in the middle of its work', async () => {
    const id = await fixture.running();
    const label = [`${LABELS.helper}=${id}`];
    const modem: unknown = fixture.docker.modem;
    const engine = await cuttableEngine(await (modem as EngineAddress).getSocketPath());
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
    await engine.remove();
    await ended;
    expect((await lines.next()).value).toContain('"destroy"');
    expect(await fixture.docker.listContainers({ all: true, filters: { label } })).toEqual([]);
    events.removeAllListeners('error').on('error', () => undefined);
    (events as unknown as Socket).destroy();
    await fixture.computers.snapshot(id);
  });
});
