import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession, RestoreSession, SessionRepository } from '#commands';
import { systemIds } from '#runtime';
import { CurrentSessions, lastActivity } from './current-sessions.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, untilIdle } from './testing/session.js';

describe('CurrentSessions', () => {
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

  it('knows what another process wrote since it looked last', async () => {
    const { store } = world.memory;
    const sessions = new CurrentSessions(new SessionRepository(store, systemIds), store);
    const id = await createSession(service);
    await untilIdle(world, id);
    expect((await sessions.load(id)).state).toMatchObject({ status: 'idle', version: 2 });
    await service.execute(new CloseSession(id, { reason: 'requested' }, user));
    expect((await sessions.load(id)).state).toMatchObject({ status: 'closed', version: 3 });
    await service.execute(new RestoreSession(id, {}, user));
    await untilIdle(world, id);
    await service.execute(new DeleteSession(id, { erase: true }, user));
    expect((await sessions.load(id)).state).toMatchObject({ lifecycle: 'erased', version: 6 });
    expect((await sessions.load(id)).last?.type).toBe('session.erased');
  });

  it('does not take the keeping of files for activity', async () => {
    const { store } = world.memory;
    const sessions = new CurrentSessions(new SessionRepository(store, systemIds), store);
    const id = await createSession(service, { setup: 'true' });
    await untilIdle(world, id);
    const session = await sessions.load(id);
    const started = (await store.read(id)).find(({ event }) => event.type === 'computer.started');
    expect(session.last?.type).toBe('files.snapshotted');
    expect(await lastActivity(session, sessions)).toBe(Date.parse(started?.event.time ?? ''));
  });
});
