import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, CompleteTurn, DeleteSession, UpdateSession } from '#commands';
import { eventually } from '../../test/support/eventually.js';
import { dyingAt, type CallPoint } from './testing/call-points.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  openTurn,
  readText,
  remixSession,
  run,
  runTurn,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';

const AT_ONCE = { stopDeadlineMs: 20 };
const path = (name: string) => (args: unknown[]) => args[1] === name;
const program = (name: string) => (args: unknown[]) => JSON.stringify(args[1]).includes(name);

describe('An operator that is killed and started again', () => {
  let world: World;
  const services: Service[] = [];
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop();
    await world.remove();
  });

  async function start(options: Parameters<typeof startService>[1] = {}): Promise<Service> {
    const service = await startService(world, options);
    services.push(service);
    return service;
  }

  /** A life that ends at a point which `doing` leads to, and the life after it. */
  async function livesAround(
    point: CallPoint,
    doing: (service: Service) => Promise<unknown>,
  ): Promise<Service> {
    const { decorate, died } = dyingAt(point);
    const first = await start({ decorate, timing: AT_ONCE });
    await doing(first);
    await died;
    await first.stop();
    return start();
  }

  it.each<CallPoint>([
    { verb: 'create', when: 'before' },
    { verb: 'create', when: 'after' },
    { verb: 'copyFrom', when: 'before' },
    { verb: 'copyFrom', when: 'after' },
    { verb: 'start', when: 'before' },
    { verb: 'start', when: 'after' },
    { verb: 'writeFile', when: 'after', matching: path('logs/.made') },
    { verb: 'snapshot', when: 'after' },
  ])('goes on with a remix: $verb, $when', async (point) => {
    const builder = await start();
    const source = await createSession(builder);
    await untilIdle(world, source);
    await runTurn(world, builder, source, 'echo one > data/file');
    await builder.execute(new CloseSession(source, { reason: 'requested' }, user));
    await eventually(async () => (await builder.computers.inspect(source))?.running === false);
    await builder.stop();
    let id = '';
    const service = await livesAround(point, async (first) => (id = await remixSession(first, source)));
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('one\n');
    expect(await eventsOf(world, id, 'computer.started')).toHaveLength(1);
    expect(await eventsOf(world, id, 'files.snapshotted')).toHaveLength(1);
  });

  it.each<CallPoint>([
    { verb: 'start', when: 'after' },
    { verb: 'writeFile', when: 'before', matching: path('logs/setup.sh') },
    { verb: 'exec', when: 'before', matching: program('setup.sh') },
    { verb: 'exec', when: 'after', matching: program('setup.sh') },
    { verb: 'writeFile', when: 'before', matching: path('logs/.made') },
    { verb: 'writeFile', when: 'after', matching: path('logs/.made') },
  ])('ends with a setup that ran exactly once in its computer: $verb, $when', async (point) => {
    let id = '';
    const setup = 'echo x >> data/setups';
    const service = await livesAround(point, async (first) => (id = await createSession(first, { setup })));
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/setups')).toBe('x\n');
    expect(await typesOf(world, id)).toEqual(['session.created', 'computer.started', 'files.snapshotted']);
  });

  it.each<CallPoint>([
    { verb: 'snapshot', when: 'before' },
    { verb: 'snapshot', when: 'after' },
  ])('keeps the files of a turn: $verb, $when', async (point) => {
    let id = '';
    const service = await livesAround(point, async (first) => {
      id = await createSession(first);
      await untilIdle(world, id);
      const turn_id = await openTurn(world, first, id, 'echo one > data/file');
      await first.execute(new CompleteTurn(id, { turn_id, stop_reason: 'end_turn' }, user));
    });
    await untilEvent(world, id, 'files.snapshotted');
    await runTurn(world, service, id, 'echo two > data/file');
    expect(await eventsOf(world, id, 'files.snapshotted')).toHaveLength(2);
  });

  it('stops a computer that should have been stopped', async () => {
    let id = '';
    const service = await livesAround({ verb: 'stop', when: 'before' }, async (first) => {
      id = await createSession(first);
      await untilIdle(world, id);
      await first.execute(new CloseSession(id, { reason: 'requested' }, user));
    });
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
  });

  it('removes a computer that should have been removed', async () => {
    let id = '';
    const service = await livesAround({ verb: 'destroy', when: 'before' }, async (first) => {
      id = await createSession(first);
      await untilIdle(world, id);
      await first.execute(new DeleteSession(id, { erase: true }, user));
    });
    await eventually(async () => (await service.computers.inspect(id)) === undefined);
  });

  it('gives running computers their secrets again, without a word on the log', async () => {
    const first = await start();
    const id = await createSession(first, { secrets: { TOKEN: 'abcdef' } });
    await untilIdle(world, id);
    await first.stop();
    const second = await start();
    await eventually(async () => (await run(second, id, 'echo $TOKEN')) === 'abcdef\n');
    expect(await typesOf(world, id)).toEqual(['session.created', 'computer.started']);
  });

  it.each<CallPoint>([
    { verb: 'inspect', when: 'after' },
    { verb: 'start', when: 'before' },
    { verb: 'start', when: 'after' },
  ])('tells once of a computer that died, and starts it: $verb, $when', async (point) => {
    let id = '';
    let isDead = false;
    const service = await livesAround({ ...point, matching: () => isDead }, async (first) => {
      id = await createSession(first);
      await untilIdle(world, id);
      await first.computers.stop(id);
      isDead = true;
      await first.execute(new UpdateSession(id, { metadata: { woken: true } }, user));
    });
    await untilEvent(world, id, 'computer.started', 2);
    expect(await eventsOf(world, id, 'computer.disrupted')).toHaveLength(1);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('says that computers died meanwhile, and starts them', async () => {
    const first = await start();
    const id = await createSession(first);
    await untilIdle(world, id);
    await first.stop();
    await first.computers.stop(id);
    const second = await start();
    await untilEvent(world, id, 'computer.started', 2);
    expect((await second.computers.inspect(id))?.running).toBe(true);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      expect.objectContaining({ reason: 'exited', running: false }),
    ]);
    expect(await until(world, id, () => true)).toMatchObject({ status: 'idle', version: 4 });
  });
});
