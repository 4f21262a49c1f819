import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, PostMessage } from '#commands';
import { ComputerError, type Computers } from '#computers';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, eventsOf, until, untilIdle } from './testing/session.js';

const AWAY = 'The engine does not answer. Start it.';

describe('Work that was accepted while the engine is away', () => {
  let world: World;
  let service: Service;
  let isAway: boolean;
  let looks: number;
  let told: (string | undefined)[];
  beforeEach(async () => {
    world = await createWorld();
    isAway = false;
    looks = 0;
    told = [];
    service = await startService(world, {
      decorate: mayBeAway,
      onOutage: (reason) => told.push(reason),
      timing: { sweepIntervalMs: 20, retryDelaysMs: [10, 20] },
    });
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  /** Real computers, which refuse all verbs as they do when their engine was stopped. */
  const mayBeAway = (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function' || key === 'watch') return value;
        return (...args: unknown[]): unknown => {
          if (key === 'list') looks += 1;
          if (isAway) return Promise.reject(new ComputerError('driver_unavailable', AWAY));
          return value.apply(target, args);
        };
      },
    });

  it('waits with the reason, is not given up, and is done when the engine is back', async () => {
    const closed = await createSession(service);
    await untilIdle(world, closed);
    await service.execute(new CloseSession(closed, { reason: 'requested' }, user));
    await eventually(async () => (await service.computers.inspect(closed))?.running === false);

    isAway = true;
    const late = await createSession(service, { prompt: 'hello' });
    await service.execute(new PostMessage(closed, { content: 'still there?', metadata: {} }, user));
    for (const id of [late, closed]) {
      const { status, error } = await until(world, id, (state) => state.error !== null);
      expect({ status, error }).toEqual({ status: 'init', error: expect.stringContaining(AWAY) });
    }
    // More looks than there are attempts at a start.
    const since = looks;
    await eventually(async () => looks >= since + 5);
    expect(told).toEqual([AWAY]);

    isAway = false;
    for (const id of [late, closed]) {
      expect(await untilIdle(world, id)).toMatchObject({ error: null });
      expect(await eventsOf(world, id, 'computer.failed')).toMatchObject([{ gave_up: false, attempt: 1 }]);
    }
    expect(told).toEqual([AWAY, undefined]);
  });

  it('does not count what failed before', async () => {
    const id = await createSession(service, { setup: 'echo no; exit 3' });
    await until(world, id, ({ status }) => status === 'closed');
    expect(await eventsOf(world, id, 'computer.failed')).toMatchObject([{ gave_up: true, attempt: 1 }]);
  });
});
