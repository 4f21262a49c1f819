import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '#computers';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  readText,
  remixSession,
  runTurn,
  until,
  untilIdle,
} from './testing/session.js';

describe('A service that keeps only the latest snapshots', () => {
  let world: World;
  let service: Service;
  let source: string;
  /** Holds copies until it resolves. */
  let gate: PromiseWithResolvers<void>;
  let copying: PromiseWithResolvers<void>;

  const heldCopies = (computers: Computers): Computers =>
    new Proxy(computers, {
      get(target, verb) {
        const value: unknown = Reflect.get(target, verb);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => unknown;
        if (verb !== 'copyFrom') return call;
        return async (...args: unknown[]) => {
          copying.resolve();
          await gate.promise;
          return call(...args);
        };
      },
    });

  beforeEach(async () => {
    gate = Promise.withResolvers();
    copying = Promise.withResolvers();
    world = await createWorld();
    service = await startService(world, { snapshotsKept: 2, decorate: heldCopies });
    source = await createSession(service);
    await untilIdle(world, source);
  });
  afterEach(async () => {
    gate.resolve();
    await service.stop();
    await world.remove();
  });

  const turn = (n: number) => runTurn(world, service, source, `echo ${n} > data/file; echo ${n} > data/${n}`);
  const snapshots = () => eventsOf(world, source, 'files.snapshotted');
  const isThere = async (snapshotId: string): Promise<boolean> => {
    try {
      await service.computers.readSnapshotFile(source, snapshotId, 'data/file');
      return true;
    } catch {
      return false;
    }
  };
  const there = async () => Promise.all((await snapshots()).map(({ snapshot_id }) => isThere(snapshot_id)));
  const untilThere = (wanted: boolean[]) =>
    eventually(async () => JSON.stringify(await there()) === JSON.stringify(wanted));

  it('deletes the oldest, and says which', async () => {
    for (const n of [1, 2, 3, 4]) await turn(n);
    const taken = await snapshots();
    expect(taken.map(({ pruned }) => pruned)).toEqual([
      undefined,
      undefined,
      [taken[0]?.snapshot_id],
      [taken[1]?.snapshot_id],
    ]);
    await untilThere([false, false, true, true]);
  });

  it('gives a remix at an older point the oldest files that are left, and says so', async () => {
    gate.resolve();
    for (const n of [1, 2, 3]) await turn(n);
    const [first, second] = await snapshots();
    const id = await remixSession(service, source, { at: first?.at_version });
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('2\n');
    const [remixed] = await eventsOf(world, id, 'session.remixed');
    expect(remixed).toMatchObject({
      source_version: first?.at_version,
      files: {
        snapshot_id: second?.snapshot_id,
        at_version: second?.at_version,
        fallback: expect.stringContaining('deleted'),
      },
    });
  });

  it('keeps those that a remix is still to copy, and deletes them afterwards', async () => {
    await turn(1);
    const id = await remixSession(service, source);
    await copying.promise;
    for (const n of [2, 3, 4]) await turn(n);
    await untilThere([true, false, true, true]);
    gate.resolve();
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('1\n');
    await turn(5);
    await untilThere([false, false, false, true, true]);
  });

  it('tells a remix whose files were deleted before they were copied what to do', async () => {
    await turn(1);
    const [first] = await snapshots();
    const id = await remixSession(service, source);
    await copying.promise;
    // By another process that does not know of the remix.
    await service.computers.deleteSnapshots(source, new Set());
    expect(await isThere(first?.snapshot_id ?? '')).toBe(false);
    gate.resolve();
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toMatch(/cannot be copied, .*their snapshot was deleted meanwhile/);
  });

  it('heals when a deletion was cut off', async () => {
    for (const n of [1, 2]) await turn(n);
    const failing = service.computers.deleteSnapshots.bind(service.computers);
    service.computers.deleteSnapshots = () => Promise.reject(new Error('cut off'));
    await turn(3);
    expect(await there()).toEqual([true, true, true]);
    service.computers.deleteSnapshots = failing;
    await turn(4);
    await untilThere([false, false, true, true]);
  });
});

describe('A service that is not told how many', () => {
  it('keeps all snapshots', async () => {
    const world = await createWorld();
    const service = await startService(world);
    const id = await createSession(service);
    await untilIdle(world, id);
    for (const n of [1, 2, 3]) await runTurn(world, service, id, `echo ${n} > data/file`);
    for (const { snapshot_id, pruned } of await eventsOf(world, id, 'files.snapshotted')) {
      expect(pruned).toBeUndefined();
      await service.computers.readSnapshotFile(id, snapshot_id, 'data/file');
    }
    await service.stop();
    await world.remove();
  });
});
