import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, ForceState, RestoreSession } from '#commands';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, eventsOf, run, until, untilEvent, untilIdle } from './testing/session.js';

describe('A computer that cannot be started', () => {
  let world: World;
  let service: Service;
  let id: string;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world, { timing: { retryDelaysMs: [100, 100] } });
    id = await createSession(service);
    await untilIdle(world, id);
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
    // Waits for the stop of the close, which goes on writing the record.
    await service.computers.stop(id);
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  const record = () => join(world.root, id, 'computer.json');

  async function damage(): Promise<void> {
    await rename(record(), `${record()}.good`);
    await mkdir(record());
  }

  async function repair(): Promise<void> {
    await rename(record(), `${record()}.bad`);
    await rename(`${record()}.good`, record());
  }

  it('is tried again after a while', async () => {
    await service.stop();
    service = await startService(world, { timing: { retryDelaysMs: [500, 500] } });
    await damage();
    await service.execute(new RestoreSession(id, {}, user));
    await untilEvent(world, id, 'computer.failed');
    await repair();
    const state = await untilIdle(world, id);
    expect(state.error).toBeNull();
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('closes its session with the reason when the last attempt failed, and can be recovered', async () => {
    await damage();
    await service.execute(new RestoreSession(id, {}, user));
    const { error } = await until(world, id, (state) => state.status === 'closed' && state.error !== null);
    const failures = await eventsOf(world, id, 'computer.failed');
    expect(error).toBe(failures.at(-1)?.reason);
    expect(failures.map(({ attempt, gave_up }) => [attempt, gave_up])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    await repair();
    await service.execute(new ForceState(id, { to: 'idle' }, user));
    await untilIdle(world, id);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('is tried at once when somebody asks anew, and counted from one', async () => {
    await service.stop();
    service = await startService(world, { timing: { retryDelaysMs: [600_000, 600_000] } });
    await damage();
    await service.execute(new RestoreSession(id, {}, user));
    await untilEvent(world, id, 'computer.failed');
    await service.execute(new ForceState(id, { to: 'idle' }, user));
    await untilEvent(world, id, 'computer.failed', 2);
    expect((await eventsOf(world, id, 'computer.failed')).map(({ attempt }) => attempt)).toEqual([1, 1]);
  });
});
