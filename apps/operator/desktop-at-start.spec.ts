import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, RestoreSession } from '#commands';
import type { Computers, Screenshot } from '#computers';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  readText,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';

const PICTURE: Screenshot = { mediaType: 'image/jpeg', bytes: new Uint8Array(), width: 1280, height: 720 };

describe('A desktop that starts with its computer', () => {
  let world: World;
  let service: Service;
  /** What was on the log when a picture was taken. */
  let pictures: string[][];
  beforeEach(async () => {
    world = await createWorld();
    pictures = [];
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  /** Local computers, with a screen that stands for a container's. */
  const withScreen = (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, key) {
        if (key === 'screenshot') {
          return async (id: string) => {
            pictures.push(await typesOf(world, id));
            return PICTURE;
          };
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });

  it('shows that it works before the start is told, at every start', async () => {
    service = await startService(world, { decorate: withScreen, desktopAtStart: true });
    const id = await createSession(service, { desktop: true });
    await untilIdle(world, id);
    expect(pictures).toEqual([['session.created']]);
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    await service.execute(new RestoreSession(id, {}, user));
    await untilEvent(world, id, 'computer.started', 2);
    expect(pictures).toHaveLength(2);
  });

  it.each([
    ['its session has none', false, true],
    ['nobody asked for it', true, false],
  ])('is left alone when %s', async (_, desktop, desktopAtStart) => {
    service = await startService(world, { decorate: withScreen, desktopAtStart });
    await untilIdle(world, await createSession(service, { desktop }));
    expect(pictures).toEqual([]);
  });

  it('fails the start when it fails, and the setup is not run again for that', async () => {
    service = await startService(world, { desktopAtStart: true });
    const id = await createSession(service, { desktop: true, setup: 'echo x >> data/setups' });
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toContain('has no desktop');
    expect(await eventsOf(world, id, 'computer.failed')).toHaveLength(1);
    expect(await typesOf(world, id)).not.toContain('computer.started');
    expect(await readText(service, id, 'data/setups')).toBe('x\n');
  });
});
