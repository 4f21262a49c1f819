import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession, InterruptTurn, RestoreSession } from '#commands';
import { ComputerError } from '#computers';
import { happeningAt } from './testing/call-points.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  openTurn,
  run,
  runTurn,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';

describe('An operator whose computers are in trouble', () => {
  let world: World;
  let service: Service;
  let trouble: ComputerError | undefined;
  let called: () => void;
  beforeEach(async () => {
    world = await createWorld();
    trouble = undefined;
    called = () => undefined;
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  /** Fails before the verb does anything, as long as there is trouble. */
  const failing = () => (trouble === undefined ? Promise.resolve() : (called(), Promise.reject(trouble)));
  const full = () => new ComputerError('disk_full', 'No space is left for the engine.');

  it.each(['create', 'start'] as const)('says what to do when there is no space to %s', async (verb) => {
    trouble = full();
    service = await startService(world, { decorate: happeningAt({ verb, when: 'before' }, failing) });
    const id = await createSession(service);
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toMatch(/No space is left.*Delete sessions.*restore the session/);
    trouble = undefined;
    await service.execute(new RestoreSession(id, {}, user));
    await untilIdle(world, id);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('says what to do when there is no space to keep files, and the next turn keeps them', async () => {
    const decorate = happeningAt({ verb: 'snapshot', when: 'before' }, failing);
    service = await startService(world, { decorate });
    const id = await createSession(service);
    await untilIdle(world, id);
    trouble = full();
    await runTurn(world, service, id, 'echo one > data/one');
    expect(await eventsOf(world, id, 'files.snapshot_failed')).toEqual([
      expect.objectContaining({ reason: expect.stringMatching(/No space is left.*Delete sessions/) }),
    ]);
    trouble = undefined;
    await runTurn(world, service, id, 'echo two > data/two');
    expect(await eventsOf(world, id, 'files.snapshotted')).toHaveLength(1);
  });

  it('names in the event what could not be kept', async () => {
    service = await startService(world);
    const id = await createSession(service);
    await untilIdle(world, id);
    await runTurn(world, service, id, 'truncate -s 8T data/huge; echo kept > data/file');
    expect(await eventsOf(world, id, 'files.snapshotted')).toMatchObject([
      { files: 1, skipped: [{ path: 'data/huge', why: 'too_large' }], skipped_total: 1 },
    ]);
  });

  it.each([
    ['closes', 'files.snapshotted', (id: string) => new CloseSession(id, { reason: 'requested' }, user)],
    ['deletes', 'session.deleted', (id: string) => new DeleteSession(id, { erase: false }, user)],
  ] as const)('%s a session whose files take long to keep', async (_does, type, command) => {
    const begun = Promise.withResolvers<void>();
    const decorate = happeningAt({ verb: 'snapshot', when: 'before' }, async () => begun.resolve());
    service = await startService(world, { decorate });
    const id = await createSession(service);
    await untilIdle(world, id);
    await openTurn(world, service, id, 'truncate -s 15G data/slow data/slower');
    await service.execute(new InterruptTurn(id, {}, user));
    await begun.promise;
    await run(service, id, 'rm data/slow data/slower; echo kept > data/file');
    await service.execute(command(id));
    await untilEvent(world, id, type);
    expect(await eventsOf(world, id, 'files.snapshot_failed')).toEqual([]);
  });

  it('warns once of computers that do not answer, closes nobody, and goes on when they do', async () => {
    const lines: string[] = [];
    const down = (verb: 'inspect' | 'list') => happeningAt({ verb, when: 'before' }, failing);
    service = await startService(world, {
      decorate: (computers) => down('inspect')(down('list')(computers)),
      timing: { sweepIntervalMs: 5 },
      onLogLine: (line) => lines.push(line),
    });
    const ids = await Promise.all(Array.from({ length: 10 }, () => createSession(service)));
    await Promise.all(ids.map((id) => untilIdle(world, id)));
    const often = Promise.withResolvers<void>();
    let calls = 0;
    called = () => (calls += 1) > 20 && often.resolve();
    trouble = new ComputerError('driver_unavailable', 'The engine does not answer.');
    await Promise.all(ids.map((id) => service.computers.stop(id)));
    await often.promise;
    trouble = undefined;
    await Promise.all(ids.map((id) => untilEvent(world, id, 'computer.started', 2)));
    expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(1);
    expect(await typesOf(world, ids[0] ?? '')).toEqual([
      'session.created',
      'computer.started',
      'computer.disrupted',
      'computer.started',
    ]);
  });

  it('says so when a computer that claims to run has to be started anew', async () => {
    service = await startService(world);
    const id = await createSession(service);
    await untilIdle(world, id);
    await service.stop();
    trouble = new ComputerError('driver_unavailable', 'No answer.');
    service = await startService(world, { decorate: happeningAt({ verb: 'exec', when: 'before' }, failing) });
    await untilEvent(world, id, 'computer.started', 2);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      expect.objectContaining({ reason: 'exited', detail: expect.stringContaining('did not answer') }),
    ]);
    trouble = undefined;
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
  });
});
