import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession, RestoreSession } from '#commands';
import { selectComputers } from '#computers';
import { eventually } from '../../test/support/eventually.js';
import { describeWithOwnEngine } from '../../test/support/own-engine.js';
import { docker } from './testing/containers.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  readText,
  run,
  runTurn,
  typesOf,
  until,
  untilEvent,
  untilIdle,
} from './testing/session.js';

const INSTALL = `printf '#!/bin/sh\\necho installed\\n' > /usr/local/bin/tool; chmod +x /usr/local/bin/tool`;
const LIMITS = { timeoutMs: 10_000, maxOutputBytes: 10_000 };
const MIB = 1 << 20;

describeWithOwnEngine('A session whose engine', (engine) => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world, {
      computers: await selectComputers({ setting: 'docker', root: world.root }),
      timing: { sweepIntervalMs: 200 },
    });
  });
  afterEach(async () => {
    await engine().makeRoom();
    await service.stop();
    await world.remove();
  });

  /** Idle, with a file and an installed program. */
  async function begin(): Promise<string> {
    const id = await createSession(service, { root: true });
    await untilIdle(world, id);
    await runTurn(world, service, id, `echo kept > data/file; ${INSTALL}`);
    return id;
  }
  async function close(id: string): Promise<void> {
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
  }
  async function expectAllThere(id: string): Promise<void> {
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('kept\n');
    expect(await run(service, id, 'tool')).toBe('installed\n');
  }
  const restore = (id: string) => service.execute(new RestoreSession(id, {}, user));

  it.each([
    ['shuts down', 'stop'],
    ['crashes', 'kill'],
  ] as const)(
    '%s goes on with all it had when the engine is back',
    async (_, leave) => {
      const [id, idle, closed, leaving] = await Promise.all([begin(), begin(), begin(), begin()]);
      await close(closed);
      const { computers } = service;
      const patient = { ...LIMITS, timeoutMs: 600_000 };
      const command = computers.exec(id, ['bash', '-c', 'touch data/command; sleep 600'], patient);
      const typed = (await computers.shell(id)).run('touch data/typed; sleep 600', patient);
      await eventually(async () => /command.*typed/s.test(await run(service, id, 'ls data')));

      await engine()[leave]();
      expect(await command).toMatchObject({ outcome: 'exited' });
      expect((await typed).outcome).toMatch(/^(exited|shell_died)$/);
      const gone = {
        code: 'driver_unavailable',
        message: expect.stringMatching(/does not answer.*Start it/),
      };
      await expect(computers.readFile(id, 'data/file')).rejects.toMatchObject(gone);
      await expect(computers.exec(id, ['true'], LIMITS)).rejects.toMatchObject(gone);
      await expect(computers.shell(id)).rejects.toMatchObject(gone);
      await expect(computers.snapshot(id)).rejects.toMatchObject(gone);
      await service.execute(new CloseSession(leaving, { reason: 'requested' }, user));
      const late = await createSession(service);
      const { error, status } = await until(world, late, (state) => state.error !== null);
      expect({ error, status }).toEqual({ error: expect.stringMatching(/does not answer/), status: 'init' });

      await engine().start();
      const recovered = [id, idle].map(async (each) => {
        await untilEvent(world, each, 'computer.started', 2);
        await expectAllThere(each);
        await runTurn(world, service, each, 'true');
        expect(await eventsOf(world, each, 'computer.disrupted')).toEqual([
          { reason: 'engine_restarted', detail: expect.any(String), running: false },
        ]);
      });
      await Promise.all(recovered);
      for (const each of [closed, leaving]) {
        await untilEvent(world, each, 'root_filesystem.kept');
        expect(await eventsOf(world, each, 'computer.disrupted')).toEqual([]);
        expect(await computers.inspect(each)).toMatchObject({ running: false });
      }
      await restore(leaving);
      await expectAllThere(leaving);
      await untilIdle(world, late);
    },
    120_000,
  );

  it('lost the network while no session used it starts all the same', async () => {
    const { computers } = service;
    const sessionId = `network-${randomUUID()}`;
    await computers.create({ sessionId });
    await computers.start(sessionId);
    await computers.exec(sessionId, ['sh', '-c', INSTALL], { ...LIMITS, root: true });
    await computers.stop(sessionId);
    const others = await docker('ps', '--quiet', '--filter', 'network=raworc_sessions');
    for (const container of others.split('\n').filter(Boolean)) await docker('rm', '--force', container);
    await docker('network', 'rm', 'raworc_sessions');
    expect(await computers.start(sessionId)).toMatchObject({ running: true });
    expect(await computers.exec(sessionId, ['tool'], LIMITS)).toMatchObject({ output: 'installed\n' });
    await computers.destroy(sessionId);
  });

  it('has a full disk says so, loses nothing, and goes on when there is room', async () => {
    const { computers } = service;
    const id = await begin();
    const late = `late-${id}`;
    const plain = await createSession(service);
    await untilIdle(world, plain);
    await engine().fill(MIB);
    const full = { code: 'disk_full', message: expect.stringMatching(/^No space is left/) };
    await expect(computers.writeFile(id, 'data/big', Buffer.alloc(2 * MIB, 1))).rejects.toMatchObject(full);
    await untilEvent(world, id, 'computer.disrupted');
    const shell = await computers.shell(id);
    const filled = await shell.run('head -c 2M /dev/zero > data/big', LIMITS);
    expect(filled).toMatchObject({ exitCode: 1, output: expect.stringContaining('No space left on device') });

    await runTurn(world, service, id, 'cat data/file');
    const noSpace = expect.stringMatching(/^No space is left.*Delete sessions/);
    expect(await eventsOf(world, id, 'files.snapshot_failed')).toMatchObject([{ reason: noSpace }]);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      { reason: 'disk_full', detail: expect.stringMatching(/^No space is left/), running: true },
    ]);
    await expect(computers.create({ sessionId: late })).rejects.toMatchObject(full);
    expect(await computers.inspect(late)).toBeUndefined();
    await expect(computers.snapshot(plain)).rejects.toMatchObject(full);
    await close(id);
    await engine().fill(0);
    await restore(id);
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toEqual(noSpace);

    await engine().makeRoom();
    expect(await computers.create({ sessionId: late })).toMatchObject({ running: false });
    await restore(id);
    await expectAllThere(id);
    await runTurn(world, service, id, 'rm data/big');
    expect((await typesOf(world, id)).at(-1)).toBe('files.snapshotted');
    await computers.snapshot(plain);
    // By its session: the sweep gives a session that lives another computer at once.
    await service.execute(new DeleteSession(plain, { erase: false }, user));
    await eventually(
      async () => (await docker('volume', 'ls', '--quiet', '--filter', `name=${plain}`)) === '',
    );
  }, 120_000);
});
