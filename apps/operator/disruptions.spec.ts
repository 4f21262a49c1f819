import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, CompleteTurn, RestoreSession } from '#commands';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  openTurn,
  readText,
  run,
  runTurn,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';
import { tellingComputers } from './testing/telling-computers.js';

const OOM = { reason: 'out_of_memory' as const, detail: 'The computer used up its memory.' };

describe('A disrupted computer', () => {
  let world: World;
  let service: Service;
  let id: string;
  const { decorate, tell } = tellingComputers();
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world, { decorate });
    id = await createSession(service);
    await untilIdle(world, id);
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  /** Ends it behind the operator's back, as an engine would tell. */
  async function die(how: typeof OOM = OOM): Promise<void> {
    await service.computers.stop(id);
    tell(id, { ...how, running: false });
  }

  it('is started again at once, with its files, and the log says why', async () => {
    await runTurn(world, service, id, 'echo kept > data/file');
    await die();
    await untilEvent(world, id, 'computer.started', 2);
    expect(await readText(service, id, 'data/file')).toBe('kept\n');
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([{ ...OOM, running: false }]);
    expect((await eventsOf(world, id, 'computer.started'))[1]).toMatchObject({ origin: 'restarted' });
    expect(await until(world, id, () => true)).toMatchObject({ status: 'idle', computerRunning: true });
  });

  it('is told of once, however often it is told', async () => {
    await service.computers.stop(id);
    for (let i = 0; i < 5; i++) tell(id, { ...OOM, running: false });
    await untilEvent(world, id, 'computer.started', 2);
    await runTurn(world, service, id, 'true');
    expect(await eventsOf(world, id, 'computer.disrupted')).toHaveLength(1);
  });

  it('does not end the turn that runs in it', async () => {
    const turn_id = await openTurn(world, service, id, 'echo half > data/file');
    await die();
    await untilEvent(world, id, 'computer.started', 2);
    expect(await until(world, id, () => true)).toMatchObject({ status: 'busy', turn: { id: turn_id } });
    await service.execute(new CompleteTurn(id, { turn_id, stop_reason: 'end_turn' }, user));
    await untilIdle(world, id);
    expect(await typesOf(world, id)).not.toContain('turn.failed');
  });

  it('goes on when it survived, and a burst is told of once', async () => {
    for (let i = 0; i < 3; i++) tell(id, { ...OOM, running: true });
    await untilEvent(world, id, 'computer.disrupted');
    tell(id, { ...OOM, running: true });
    await runTurn(world, service, id, 'true');
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([{ ...OOM, running: true }]);
    expect(await eventsOf(world, id, 'computer.started')).toHaveLength(1);
  });

  it('is started again also when somebody else was faster, since what ran in it is gone', async () => {
    tell(id, { ...OOM, running: false });
    await untilEvent(world, id, 'computer.started', 2);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('is nobody’s concern when its session is closed', async () => {
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
    tell(id, { ...OOM, running: false });
    await service.execute(new RestoreSession(id, {}, user));
    await untilIdle(world, id);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([]);
  });

  it('is given up when it dies again and again, and can be restored', async () => {
    for (let start = 2; start <= 5; start++) {
      await die();
      await untilEvent(world, id, 'computer.started', start);
    }
    await die();
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toContain('5 times within 2 minutes');
    expect(await eventsOf(world, id, 'computer.failed')).toEqual([
      { reason: error, attempt: 1, gave_up: true },
    ]);
    await service.execute(new RestoreSession(id, {}, user));
    await untilIdle(world, id);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('is one of many when an engine restarts', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, () => createSession(service)));
    await Promise.all(ids.map((one) => untilIdle(world, one)));
    await Promise.all(ids.map((one) => service.computers.stop(one)));
    for (const one of ids) tell(one, { reason: 'engine_restarted', detail: 'Restarted.', running: false });
    await Promise.all(ids.map((one) => untilEvent(world, one, 'computer.started', 2)));
    const types = await Promise.all(ids.map((one) => typesOf(world, one)));
    for (const told of types) {
      expect(told).toEqual(['session.created', 'computer.started', 'computer.disrupted', 'computer.started']);
    }
  });
});
