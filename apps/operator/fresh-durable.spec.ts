import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionRepository } from '#commands';
import type { ConsumeOptions, Delivery, MemoryStore } from '#event-store';
import { systemIds } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { createSession, untilIdle } from './testing/session.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';

describe('An operator whose place on the log is lost', () => {
  let world: World;
  const services: Service[] = [];
  const delivered: Delivery[] = [];
  beforeEach(async () => {
    world = await createWorld();
    delivered.length = 0;
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop();
    await world.remove();
  });

  /** A service whose durables are new, and what happens in the moment before they are made. */
  async function start(before: () => Promise<unknown> = async () => undefined): Promise<Service> {
    const decorateLog = (log: MemoryStore): MemoryStore => {
      const consume = async (options: ConsumeOptions): Promise<void> => {
        await before();
        const handle = (delivery: Delivery) => {
          delivered.push(delivery);
          return options.handle(delivery);
        };
        await log.store.consume({ ...options, durable: `new-${options.durable}`, handle });
      };
      return { ...log, store: { ...log.store, consume } };
    };
    const service = await startService(world, { decorateLog });
    services.push(service);
    return service;
  }

  async function past(): Promise<string[]> {
    const service = await startService(world);
    const ids = [await createSession(service), await createSession(service)];
    for (const id of ids) await untilIdle(world, id);
    await service.stop();
    const { lastSequence } = await world.memory.store.info();
    await eventually(async () => world.directory.position() === lastSequence);
    return ids;
  }

  it('goes through nothing again that its sweep has looked at', async () => {
    const [id = ''] = await past();
    const { lastSequence } = await world.memory.store.info();
    const service = await start();
    await eventually(async () => (await service.computers.inspect(id))?.running === true);
    const later = await createSession(service);
    await untilIdle(world, later);
    expect(delivered.length).toBeGreaterThan(0);
    expect(delivered.every(({ sequence }) => sequence > lastSequence)).toBe(true);
  });

  it('misses nothing of the moment between the sweep and the new place', async () => {
    const [id = ''] = await past();
    const elsewhere = new SessionRepository(world.memory.store, systemIds);
    const service = await start(async () => {
      // The sweep began with this session open: only the event tells that it is not.
      await elsewhere.execute(id, { type: 'close', reason: 'requested', by: 'user:local' }, user);
    });
    await eventually(async () => delivered.some(({ event }) => event.type === 'session.closed'));
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
  });
});
