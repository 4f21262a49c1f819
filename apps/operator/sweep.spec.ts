import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DeleteSession } from '#commands';
import { envelop, event, type EventOf, type EventType } from '#domain';
import { systemIds } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, remixSession, run, typesOf, untilEvent, untilIdle } from './testing/session.js';

describe('The sweep', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world, { timing: { sweepIntervalMs: 20 } });
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  const isThere = async (id: string) => (await service.computers.inspect(id)) !== undefined;

  it('finds a computer that died, says so once, and starts it', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await service.computers.stop(id);
    await untilEvent(world, id, 'computer.started', 2);
    expect(await run(service, id, 'echo works')).toBe('works\n');
    expect(await typesOf(world, id)).toEqual([
      'session.created',
      'computer.started',
      'computer.disrupted',
      'computer.started',
    ]);
  });

  it.each([{ erase: false }, { erase: true }])(
    'removes what is left of a deleted session (%p)',
    async (how) => {
      const id = await createSession(service);
      await untilIdle(world, id);
      await service.execute(new DeleteSession(id, how, user));
      await eventually(async () => !(await isThere(id)));
      await service.computers.create({ sessionId: id });
      await eventually(async () => !(await isThere(id)));
    },
  );

  it('leaves computers of sessions alone that it does not know', async () => {
    await service.computers.create({ sessionId: 'somebody-elses' });
    const orphan = await createSession(service);
    await service.execute(new DeleteSession(orphan, { erase: false }, user));
    await eventually(async () => !(await isThere(orphan)));
    await service.computers.create({ sessionId: orphan });
    await eventually(async () => !(await isThere(orphan)));
    expect(await isThere('somebody-elses')).toBe(true);
  });

  it('erases a remix whose copy was never finished', async () => {
    const source = await createSession(service);
    await untilIdle(world, source);
    const finished = await remixSession(service, source);
    const id = systemIds.uuid();
    const [created] = (await world.memory.store.read(finished)).map(({ event }) => event);
    if (created?.type !== 'session.created') throw new Error('no creation');
    await world.memory.store.append(id, [envelope(id, event('session.created', created.data))], 0);
    await untilEvent(world, id, 'session.erased');
    await untilIdle(world, finished);
  });

  function envelope(id: string, created: EventOf<EventType>) {
    const provenance = { actor: 'user:local', commandid: 'c', correlationid: 'c' };
    return envelop(id, 1, created, {
      ...provenance,
      id: systemIds.uuid(),
      time: new Date().toISOString(),
      source: '/raworc',
    });
  }
});
