import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SessionRepository } from '#commands';
import type { EventStore, MemoryStore } from '#event-store';
import { systemIds } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { createSession, untilIdle } from './testing/session.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';

const PICTURE = new TextEncoder().encode('a picture');

/** What a crash leaves, right after the tombstone, or after each of the steps that follow it. */
const CRASHES: [string, (world: World, id: string) => Promise<void>][] = [
  ['right after the tombstone', async () => undefined],
  ['once the key is destroyed', async ({ memory }, id) => memory.keys.delete(id)],
  ['once the large values are gone', async ({ memory }, id) => memory.store.purge(id)],
];

describe('An erasure that a crash cut off', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  it.each(CRASHES)('%s is finished by the next operator, for this session alone', async (_when, before) => {
    service = await startService(world);
    const { memory } = world;
    const [id, other] = [
      await createSession(service, { secrets: { TOKEN: 'abcdef' } }),
      await createSession(service, { secrets: { TOKEN: 'abcdef' } }),
    ];
    await Promise.all([untilIdle(world, id), untilIdle(world, other)]);
    const [picture = '', kept = ''] = await Promise.all(
      [id, other].map((each) => memory.attachments.put(each, PICTURE)),
    );
    await service.stop();

    await new SessionRepository(tombstoneOnly(memory.store), systemIds).execute(id, { type: 'erase' }, user);
    await before(world, id);
    service = await startService(world, { decorateLog: withoutOrphans });

    await eventually(async () => {
      const left = await Promise.all([
        memory.attachments.get(id, picture),
        memory.keys.get(id),
        service.computers.inspect(id),
      ]);
      return left.every((each) => each === undefined);
    });
    expect(await memory.attachments.get(other, kept)).toBeDefined();
    expect(await memory.keys.get(other)).toBeDefined();
  });
});

/** No sweep finds what is left: the event alone has to bring it to an end. */
function withoutOrphans(log: MemoryStore): MemoryStore {
  const kept: EventStore['kept'] = async () => ({ items: [], next: 0 });
  return { ...log, store: Object.assign(Object.create(log.store) as EventStore, { kept }) };
}

/** Crashes after the tombstone: nothing beside the log is removed. */
function tombstoneOnly(store: EventStore): EventStore {
  const erase: EventStore['erase'] = (id, tombstone, at) => store.append(id, [tombstone], at);
  return Object.assign(Object.create(store) as EventStore, { erase });
}
