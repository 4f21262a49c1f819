import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CloseSession, CompleteTurn, DeleteSession, RestoreSession } from '#commands';
import { selectComputers } from '#computers';
import { eventually } from '../../test/support/eventually.js';
import { describeWithDocker } from '../../test/support/needs.js';
import { docker, removeComputers } from './testing/containers.js';
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

describeWithDocker('A session in a container', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
    service = await start();
  });
  afterEach(async () => {
    await service.stop();
    await removeComputers(world.root);
    await world.remove();
  });

  const start = async (sweepIntervalMs = 200): Promise<Service> => {
    const computers = await selectComputers({ setting: 'docker', root: world.root });
    return startService(world, { computers, timing: { sweepIntervalMs } });
  };
  const container = (id: string) => `raworc_session_${id}`;

  async function begin(request: Parameters<typeof createSession>[1] = {}): Promise<string> {
    const id = await createSession(service, request);
    await untilIdle(world, id);
    return id;
  }

  it('gets its container again when somebody kills it in the middle of a turn, which goes on', async () => {
    const id = await begin();
    const turn_id = await openTurn(world, service, id, 'echo half > data/file');
    await docker('kill', container(id));
    await untilEvent(world, id, 'computer.started', 2);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      { reason: 'killed', detail: expect.any(String), running: false },
    ]);
    expect(await until(world, id, () => true)).toMatchObject({ status: 'busy', turn: { id: turn_id } });
    expect(await run(service, id, 'cat data/file')).toBe('half\n');
    await service.execute(new CompleteTurn(id, { turn_id, stop_reason: 'end_turn' }, user));
    await untilIdle(world, id);
    expect(await typesOf(world, id)).not.toContain('computer.failed');
  });

  it('gets its container again without waiting for a sweep', async () => {
    await service.stop();
    service = await start(600_000);
    const id = await begin();
    await docker('kill', container(id));
    await untilEvent(world, id, 'computer.started', 2);
    expect(await typesOf(world, id)).toContain('computer.disrupted');
  });

  it('gets a container around the same files when somebody removes it', async () => {
    const id = await begin();
    await runTurn(world, service, id, 'echo kept > data/file');
    await docker('rm', '--force', container(id));
    await untilEvent(world, id, 'computer.started', 2);
    expect(await readText(service, id, 'data/file')).toBe('kept\n');
    expect(await eventsOf(world, id, 'computer.disrupted')).toHaveLength(1);
  });

  it('goes on in its container when a program in it used up the memory', async () => {
    const id = await begin({ limits: { memory_mb: 128 } });
    await openTurn(world, service, id, 'head -c 400m /dev/zero | tail');
    await untilEvent(world, id, 'computer.disrupted');
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      expect.objectContaining({ reason: 'out_of_memory', running: true }),
    ]);
    expect(await run(service, id, 'echo works')).toBe('works\n');
    expect(await eventsOf(world, id, 'computer.started')).toHaveLength(1);
  });

  it('goes on with all that ran in it when somebody pauses its container', async () => {
    const id = await begin();
    await run(service, id, 'sleep 300 & echo $! > data/pid');
    await docker('pause', container(id));
    await untilEvent(world, id, 'computer.started', 2);
    expect(await eventsOf(world, id, 'computer.disrupted')).toEqual([
      { reason: 'paused', detail: expect.stringContaining('paused by hand'), running: false },
    ]);
    expect(await run(service, id, 'kill -0 $(cat data/pid) && echo lives')).toBe('lives\n');
    expect(await until(world, id, () => true)).toMatchObject({ status: 'idle', error: null });
  });

  it('keeps what was installed before it says so, and then needs no container', async () => {
    const id = await begin({ root: true });
    await runTurn(world, service, id, 'echo installed > /opt/made');
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    expect(await until(world, id, ({ status }) => status === 'closed')).toMatchObject({
      rootFilesystemDue: true,
    });
    await untilEvent(world, id, 'root_filesystem.kept');
    await docker('rm', '--force', container(id));
    await service.execute(new RestoreSession(id, {}, user));
    await untilEvent(world, id, 'computer.started', 2);
    expect(await run(service, id, 'cat /opt/made')).toBe('installed\n');
  });

  it('is told that its files are gone when somebody removes the volume too', async () => {
    const id = await begin();
    await runTurn(world, service, id, 'echo precious > data/file');
    await service.stop();
    await docker('rm', '--force', container(id));
    await docker('volume', 'rm', `raworc_session_data_${id}`);
    service = await start();
    const { error } = await until(world, id, ({ status }) => status === 'closed');
    expect(error).toContain('gone, and its files with it');
    await service.execute(new DeleteSession(id, { erase: false }, user));
    await eventually(async () => (await docker('volume', 'ls', '--quiet', '--filter', `name=${id}`)) === '');
  });

  it('goes on with a container that ran while no service did, and says nothing', async () => {
    const id = await begin();
    await service.stop();
    service = await start();
    await runTurn(world, service, id, 'echo works > data/file');
    expect(await typesOf(world, id)).not.toContain('computer.disrupted');
    expect(await eventsOf(world, id, 'computer.started')).toHaveLength(1);
  });

  it('learns of a container that died while no service ran', async () => {
    const id = await begin();
    await service.stop();
    await docker('kill', container(id));
    service = await start();
    await untilEvent(world, id, 'computer.started', 2);
    expect(await eventsOf(world, id, 'computer.disrupted')).toHaveLength(1);
  });

  it('is stopped again when somebody starts the container of a closed one', async () => {
    const id = await begin();
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    const isRunning = async () => (await service.computers.inspect(id))?.running;
    await eventually(async () => (await isRunning()) === false);
    await docker('start', container(id));
    await eventually(async () => (await isRunning()) === false);
    expect(await typesOf(world, id)).toEqual(['session.created', 'computer.started', 'session.closed']);
  });

  it('leaves nothing behind when it is deleted, and nothing of another service is touched', async () => {
    const others = await selectComputers({ setting: 'docker', root: `${world.root}-another` });
    const id = await begin();
    try {
      await others.create({ sessionId: `other-${id}` });
      await service.execute(new DeleteSession(id, { erase: false }, user));
      await eventually(async () => (await service.computers.inspect(id)) === undefined);
      await service.computers.create({ sessionId: id });
      await eventually(async () => (await service.computers.inspect(id)) === undefined);
      expect(await others.inspect(`other-${id}`)).toBeDefined();
    } finally {
      await others.destroy(`other-${id}`);
      await others.dispose();
    }
  });

  it('has the network and the rights that it was made with', async () => {
    const id = await begin({ network: 'none', root: true, setup: 'id -u > data/uid' });
    expect(await readText(service, id, 'data/uid')).toBe('0\n');
    expect(await run(service, id, 'id -u; ls /sys/class/net')).toBe('0\nlo\n');
  });
});
