import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession } from '#commands';
import { eventually } from '../../test/support/eventually.js';
import { dyingAt } from './testing/call-points.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import {
  createSession,
  eventsOf,
  openTurn,
  readText,
  remixSession,
  run,
  runTurn,
  until,
  untilIdle,
} from './testing/session.js';

describe('A remix', () => {
  let world: World;
  let service: Service;
  let source: string;
  beforeEach(async () => {
    world = await createWorld();
    service = await startService(world);
    source = await createSession(service, { secrets: { TOKEN: 'abcdef' } });
    await untilIdle(world, source);
    await runTurn(world, service, source, 'echo one > data/file; echo first > code/program');
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  const close = (id: string) => service.execute(new CloseSession(id, { reason: 'requested' }, user));
  const stopped = (id: string) =>
    eventually(async () => (await service.computers.inspect(id))?.running === false);

  it('has the files as of its point, also while a later turn runs in the source', async () => {
    await openTurn(world, service, source, 'echo two > data/file');
    const id = await remixSession(service, source);
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('one\n');
    expect(await readText(service, id, 'code/program')).toBe('first\n');
    expect(await run(service, id, 'echo $TOKEN')).toBe('abcdef\n');
    expect(await eventsOf(world, id, 'computer.started')).toEqual([
      expect.objectContaining({ origin: 'remixed' }),
    ]);
    expect(await readText(service, source, 'data/file')).toBe('two\n');
  });

  it('goes its own way, and so does its source', async () => {
    const id = await remixSession(service, source);
    await untilIdle(world, id);
    await runTurn(world, service, id, 'echo changed > data/file');
    expect(await readText(service, source, 'data/file')).toBe('one\n');
    expect(await eventsOf(world, source, 'files.snapshotted')).toHaveLength(1);
  });

  it('of a closed session leaves it closed', async () => {
    await close(source);
    await stopped(source);
    const before = await service.computers.inspect(source);
    const id = await remixSession(service, source);
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('one\n');
    expect(await service.computers.inspect(source)).toEqual(before);
  });

  it('of a session that was closed in the middle of a turn has the files of that turn', async () => {
    await openTurn(world, service, source, 'echo two > data/file');
    await close(source);
    await until(world, source, ({ snapshotDue }) => !snapshotDue);
    const id = await remixSession(service, source);
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('two\n');
  });

  it('takes along only the parts that were asked for', async () => {
    const id = await remixSession(service, source, { code: false });
    await untilIdle(world, id);
    expect(await readText(service, id, 'data/file')).toBe('one\n');
    await expect(readText(service, id, 'code/program')).rejects.toThrow();
  });

  it('of a remix without turns of its own has its files', async () => {
    const first = await remixSession(service, source);
    await untilIdle(world, first);
    const second = await remixSession(service, first);
    await untilIdle(world, second);
    expect(await readText(service, second, 'data/file')).toBe('one\n');
  });

  it('before the first turn has what the setup made', async () => {
    const withSetup = await createSession(service, { setup: 'echo made > code/tool' });
    await untilIdle(world, withSetup);
    const id = await remixSession(service, withSetup);
    await untilIdle(world, id);
    expect(await readText(service, id, 'code/tool')).toBe('made\n');
  });

  it('says so when its source is gone before it was copied', async () => {
    await service.stop();
    const { decorate, died } = dyingAt({ verb: 'copyFrom', when: 'before' });
    const bystander = await startService(world, { decorate, timing: { stopDeadlineMs: 20 } });
    const id = await remixSession(bystander, source);
    await died;
    await bystander.execute(new DeleteSession(source, { erase: false }, user));
    await eventually(async () => (await bystander.computers.inspect(source)) === undefined);
    await bystander.stop();
    service = await startService(world);
    const state = await until(world, id, ({ status }) => status === 'closed');
    expect(state.error).toContain('gone');
  });
});
