import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession, ForceState, PostMessage, RestoreSession } from '#commands';
import { createLocalComputers } from '#computers';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  remixSession,
  runTurn,
  typesOf,
  until,
  untilIdle,
} from './testing/session.js';

const elsewhere = { code: 'computer_elsewhere', message: expect.stringMatching(/on node maple\/local/) };

describe('A session whose computer is on another node', () => {
  let world: World;
  let otherRoot: string;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    otherRoot = await mkdtemp(join(tmpdir(), 'raworc-operator-'));
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
    await rm(otherRoot, { recursive: true, force: true });
  });

  const startMaple = async () => {
    service = await startService(world, { node: 'maple/local', timing: { sweepIntervalMs: 20 } });
  };
  /** With a disk of its own; resolves when it has swept three times and knows of all sessions. */
  const startOak = async () => {
    let sweeps = 0;
    const computers = createLocalComputers({ root: otherRoot, mode: 'unsafe' });
    const list = computers.list.bind(computers);
    computers.list = () => ((sweeps += 1), list());
    service = await startService(world, { node: 'oak/local', computers, timing: { sweepIntervalMs: 20 } });
    await untilIdle(world, await createSession(service));
    const since = sweeps;
    await eventually(async () => sweeps >= since + 3);
  };

  it('is never reported gone, closed, restarted or destroyed, and goes on at its own', async () => {
    await startMaple();
    const idle = await createSession(service, { timeout_seconds: 1 });
    const closed = await createSession(service);
    await Promise.all([untilIdle(world, idle), untilIdle(world, closed)]);
    await runTurn(world, service, idle, 'echo kept > data/file');
    await service.execute(new CloseSession(closed, { reason: 'requested' }, user));
    await service.stop();
    const before = await Promise.all([typesOf(world, idle), typesOf(world, closed)]);

    await startOak();
    const own = await createSession(service, { timeout_seconds: 1 });
    await until(world, own, ({ status }) => status === 'closed');
    expect(await Promise.all([typesOf(world, idle), typesOf(world, closed)])).toEqual(before);
    await service.stop();

    await startMaple();
    await until(world, idle, ({ status }) => status === 'closed');
    await service.execute(new RestoreSession(idle, {}, user));
    await untilIdle(world, idle);
    expect(await eventsOf(world, idle, 'computer.disrupted')).toEqual([]);
    expect(Buffer.from(await service.computers.readFile(idle, 'data/file')).toString()).toBe('kept\n');
  });

  it('refuses what needs its computer, and says which node has it', async () => {
    await startMaple();
    const id = await createSession(service);
    const closed = await createSession(service);
    await Promise.all([untilIdle(world, id), untilIdle(world, closed)]);
    await runTurn(world, service, id, 'echo 1 > data/file');
    await service.execute(new CloseSession(closed, { reason: 'requested' }, user));
    await service.stop();

    await startOak();
    const message = { content: 'hello', metadata: {} };
    await expect(service.execute(new PostMessage(id, message, user))).rejects.toMatchObject(elsewhere);
    await expect(service.execute(new RestoreSession(closed, {}, user))).rejects.toMatchObject(elsewhere);
    await expect(service.execute(new ForceState(id, { to: 'idle' }, user))).rejects.toMatchObject(elsewhere);
    await expect(remixSession(service, id)).rejects.toMatchObject(elsewhere);
    const talk = await remixSession(service, id, { data: false, code: false });
    expect(await untilIdle(world, talk)).toMatchObject({ node: 'oak/local' });
  });

  it('can be closed and deleted from elsewhere; its own node then stops and removes the computer', async () => {
    await startMaple();
    const [leaving, closing] = [await createSession(service), await createSession(service)];
    await Promise.all([untilIdle(world, leaving), untilIdle(world, closing)]);
    await service.stop();

    await startOak();
    await service.execute(new DeleteSession(leaving, { erase: false }, user));
    await service.execute(new CloseSession(closing, { reason: 'requested' }, user));
    await service.stop();

    await startMaple();
    await eventually(async () => (await service.computers.inspect(leaving)) === undefined);
    await eventually(async () => (await service.computers.inspect(closing))?.running === false);
    expect((await typesOf(world, closing)).at(-1)).toBe('session.closed');
  });
});
