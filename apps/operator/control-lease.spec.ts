import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReleaseControl, TakeControl } from '#commands';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  openTurn,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';

describe('Control of a desktop', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world);
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  const take = (id: string, seconds: number) =>
    service.execute(new TakeControl(id, { leaseId: 'lease', seconds }, user));
  const timesOf = async (id: string) =>
    new Map((await world.memory.store.read(id)).map(({ event }) => [event.type, Date.parse(event.time)]));

  it('ends when its lease is over, and then the session closes by itself', async () => {
    const id = await createSession(service, { desktop: true, timeout_seconds: 1 });
    await untilIdle(world, id);
    await take(id, 1.2);
    await until(world, id, ({ status }) => status === 'closed');
    expect(await eventsOf(world, id, 'control.released')).toEqual([{ lease_id: 'lease', reason: 'expired' }]);
    const [lease] = await eventsOf(world, id, 'control.taken');
    const times = await timesOf(id);
    const [released = 0, closed = 0] = [times.get('control.released'), times.get('session.closed')];
    expect(released).toBeGreaterThanOrEqual((lease?.until ?? Infinity) * 1000);
    expect(closed - released).toBeGreaterThanOrEqual(1_000);
  });

  it('keeps its session open as long as it is prolonged', async () => {
    const bystander = await createSession(service, { timeout_seconds: 1 });
    const id = await createSession(service, { desktop: true, timeout_seconds: 1 });
    await untilIdle(world, id);
    await take(id, 1);
    await take(id, 600);
    await until(world, bystander, ({ status }) => status === 'closed');
    expect(await typesOf(world, id)).not.toContain('control.released');
    expect(await until(world, id, () => true)).toMatchObject({
      status: 'idle',
      control: { leaseId: 'lease' },
    });
  });

  it('starts the time until the session closes when it is given back', async () => {
    const id = await createSession(service, { desktop: true, timeout_seconds: 1 });
    await untilIdle(world, id);
    await take(id, 600);
    await service.execute(new ReleaseControl(id, { leaseId: 'lease', reason: 'returned' }, user));
    await until(world, id, ({ status }) => status === 'closed');
    expect(await eventsOf(world, id, 'session.closed')).toEqual([{ reason: 'idle_timeout' }]);
  });

  it('ends for the sake of a turn that waits, and after a restart of the service', async () => {
    const id = await createSession(service, { desktop: true });
    await untilIdle(world, id);
    await openTurn(world, service, id, 'true');
    await take(id, 0.3);
    await service.stop();
    service = await startService(world);
    await untilEvent(world, id, 'control.released');
    expect(await until(world, id, () => true)).toMatchObject({ status: 'busy', control: null });
  });
});
