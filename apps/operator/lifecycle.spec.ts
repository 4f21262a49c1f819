import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession, ForceState, InterruptTurn, RestoreSession } from '#commands';
import { eventually } from '../../test/support/eventually.js';
import { happeningAt } from './testing/call-points.js';
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

describe('The operator', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world);
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  const isRunning = async (id: string) => (await service.computers.inspect(id))?.running === true;
  const close = (id: string) => service.execute(new CloseSession(id, { reason: 'requested' }, user));
  const restore = (id: string) => service.execute(new RestoreSession(id, {}, user));

  it('makes a computer for a new session, and says what it took', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    expect(await isRunning(id)).toBe(true);
    expect(await eventsOf(world, id, 'computer.started')).toEqual([
      expect.objectContaining({ driver: 'local-unsafe', node: 'spec', origin: 'created', image: null }),
    ]);
  });

  it("gives the computer the session's secrets, but not the model's key", async () => {
    const id = await createSession(service, { secrets: { TOKEN: 'abcdef', ANTHROPIC_API_KEY: 'sk-1' } });
    await untilIdle(world, id);
    expect(await run(service, id, 'echo "$TOKEN/$ANTHROPIC_API_KEY"')).toBe('abcdef/\n');
  });

  it('runs the setup once, and keeps its output and its files', async () => {
    const id = await createSession(service, { setup: 'echo preparing; echo x >> code/made' });
    await untilIdle(world, id);
    expect(await readText(service, id, 'logs/setup.log')).toBe('preparing\n');
    expect(await eventsOf(world, id, 'files.snapshotted')).toEqual([
      expect.objectContaining({ at_version: 1 }),
    ]);
    await close(id);
    await restore(id);
    await untilEvent(world, id, 'computer.started', 2);
    expect(await readText(service, id, 'code/made')).toBe('x\n');
  });

  it('runs a setup that is longer than an argument can be', async () => {
    const setup = `# ${'x'.repeat(200_000)}\necho done > data/done`;
    const id = await createSession(service, { setup });
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/done')).toBe('done\n');
  });

  it('gives up at once when the setup fails, with the end of its output and no secret in it', async () => {
    const setup = 'echo "using $TOKEN"; exit 3';
    const id = await createSession(service, { setup, secrets: { TOKEN: 'abcdef' } });
    const state = await until(world, id, ({ status }) => status === 'closed');
    expect(state.error).toContain('exit code 3');
    expect(state.error).toContain('using [secret TOKEN]');
    expect(await eventsOf(world, id, 'computer.failed')).toEqual([
      { reason: state.error, attempt: 1, gave_up: true },
    ]);
    await eventually(async () => !(await isRunning(id)));
  });

  it('tries a failed setup again in a fresh computer when the session is restored', async () => {
    const setup = 'echo x >> data/tries; [ -e /proc/self ] && exit 1';
    const id = await createSession(service, { setup });
    await until(world, id, ({ status }) => status === 'closed');
    await restore(id);
    await until(world, id, ({ status, version }) => status === 'closed' && version > 3);
    expect(await readText(service, id, 'data/tries')).toBe('x\n');
  });

  it('cancels the setup of a session that is closed meanwhile', async () => {
    const id = await createSession(service, { setup: 'echo begun > data/begun; sleep 600' });
    await eventually(async () => (await readText(service, id, 'data/begun').catch(() => '')) !== '');
    await close(id);
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
    expect(await typesOf(world, id)).toEqual(['session.created', 'session.closed']);
  });

  it('keeps the files of a turn before the next one can start', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await runTurn(world, service, id, 'echo one > data/file');
    await runTurn(world, service, id, 'echo two > data/file');
    const kept = await eventsOf(world, id, 'files.snapshotted');
    const ends = (await world.memory.store.read(id))
      .filter(({ event }) => event.type === 'turn.completed')
      .map(({ event }) => event.sessionversion);
    expect(kept.map(({ at_version }) => at_version)).toEqual(ends);
  });

  it('stops the computer of a closed session and keeps its files', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await runTurn(world, service, id, 'echo kept > data/file');
    await close(id);
    await eventually(async () => !(await isRunning(id)));
    expect(await readText(service, id, 'data/file')).toBe('kept\n');
  });

  it('keeps the files of a turn that the close cut off', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await openTurn(world, service, id, 'echo half > data/file');
    await close(id);
    await untilEvent(world, id, 'files.snapshotted');
    const state = await until(world, id, () => true);
    expect(state).toMatchObject({ status: 'closed', snapshotDue: false });
    expect(await isRunning(id)).toBe(false);
  });

  it('restores ten times in a row without losing anything', async () => {
    const id = await createSession(service, { secrets: { TOKEN: 'abcdef' } });
    await untilIdle(world, id);
    for (let round = 1; round <= 10; round++) {
      await runTurn(world, service, id, `echo ${round} >> data/rounds`);
      await close(id);
      await restore(id);
      await untilEvent(world, id, 'computer.started', round + 1);
    }
    expect(await run(service, id, 'cat data/rounds; echo $TOKEN')).toBe(
      '1\n2\n3\n4\n5\n6\n7\n8\n9\n10\nabcdef\n',
    );
  });

  it('ends idle when a session is closed and restored in quick succession', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    for (let round = 0; round < 5; round++) {
      await close(id);
      await restore(id);
    }
    await untilIdle(world, id);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('stops a computer again whose session was closed while it started', async () => {
    await service.stop();
    let id = '';
    const decorate = happeningAt({ verb: 'start', when: 'after' }, () => close(id));
    service = await startService(world, { decorate });
    id = await createSession(service);
    await untilEvent(world, id, 'session.closed');
    await eventually(async () => (await service.computers.inspect(id))?.running === false);
    expect(await typesOf(world, id)).toEqual(['session.created', 'session.closed']);
  });

  it('recovers a session that is forced to idle in the middle of a turn', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await openTurn(world, service, id, 'true');
    await service.computers.stop(id);
    await service.execute(new ForceState(id, { to: 'idle' }, user));
    await untilIdle(world, id);
    expect(await run(service, id, 'echo works')).toBe('works\n');
  });

  it('keeps the files of an interrupted turn', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await openTurn(world, service, id, 'echo half > data/file');
    await service.execute(new InterruptTurn(id, {}, user));
    await untilEvent(world, id, 'files.snapshotted');
    expect(await untilIdle(world, id)).toMatchObject({ turn: null, computerRunning: true });
  });

  it.each([{ erase: false }, { erase: true }])(
    'removes the computer of a deleted session (%p)',
    async (how) => {
      const id = await createSession(service, { setup: 'echo x > data/file' });
      await untilIdle(world, id);
      await service.execute(new DeleteSession(id, how, user));
      await eventually(async () => (await service.computers.inspect(id)) === undefined);
    },
  );

  it('says that the files are gone instead of going on with an empty computer', async () => {
    const id = await createSession(service);
    await untilIdle(world, id);
    await runTurn(world, service, id, 'echo precious > data/file');
    await close(id);
    await eventually(async () => !(await isRunning(id)));
    await service.computers.destroy(id);
    await restore(id);
    const state = await until(world, id, ({ error }) => error !== null);
    expect(state.error).toContain('gone');
    expect(await service.computers.inspect(id)).toBeUndefined();
  });
});
