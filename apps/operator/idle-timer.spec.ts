import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CompleteTurn, PostMessage, UpdateSession } from '#commands';
import { initialState, type SessionState } from '#domain';
import { closesByItself } from './idle-timer.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, eventsOf, openTurn, until, untilIdle } from './testing/session.js';

describe('closesByItself', () => {
  const idle: SessionState = { ...initialState, lifecycle: 'live', status: 'idle', timeoutSeconds: 60 };
  const turn = { id: 't', messageIds: [], openToolUses: [], touchedFiles: false };

  it('holds for an idle session with a timeout', () => {
    expect(closesByItself(idle)).toBe(true);
  });

  it.each<[string, SessionState]>([
    ['a timeout of 0', { ...idle, timeoutSeconds: 0 }],
    ['a running turn', { ...idle, status: 'busy', turn }],
    ['a message that waits', { ...idle, pendingMessageIds: ['m'] }],
    ['a session that starts', { ...idle, status: 'init' }],
    ['a closed session', { ...idle, status: 'closed' }],
    ['a deleted session', { ...idle, lifecycle: 'deleted' }],
  ])('does not hold for %s', (_, state) => {
    expect(closesByItself(state)).toBe(false);
  });
});

describe('An idle session', () => {
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

  /** The milliseconds from the last activity to the close. */
  async function untilClosed(id: string): Promise<number> {
    await until(world, id, ({ status }) => status === 'closed');
    const events = (await world.memory.store.read(id)).map(({ event }) => event);
    const times = events
      .filter(({ type }) => type !== 'files.snapshotted')
      .map(({ time }) => Date.parse(time));
    const [closedAt = 0, activeAt = 0] = times.reverse();
    return closedAt - activeAt;
  }

  it('closes by itself, on time', async () => {
    const id = await createSession(service, { timeout_seconds: 1 });
    const afterMs = await untilClosed(id);
    expect(afterMs).toBeGreaterThanOrEqual(1_000);
    expect(afterMs).toBeLessThan(2_000);
    expect(await eventsOf(world, id, 'session.closed')).toEqual([{ reason: 'idle_timeout' }]);
  });

  it('does not close while a turn runs or a message waits, and then counts from the last activity', async () => {
    const bystander = await createSession(service, { timeout_seconds: 1 });
    const id = await createSession(service, { timeout_seconds: 1 });
    const waiting = await createSession(service, { timeout_seconds: 1 });
    await untilIdle(world, waiting);
    await service.execute(new PostMessage(waiting, { content: 'hello', metadata: {} }, user));
    await untilIdle(world, id);
    const turn_id = await openTurn(world, service, id, 'true');
    await untilClosed(bystander);
    expect(await until(world, id, () => true)).toMatchObject({ status: 'busy' });
    await service.execute(new CompleteTurn(id, { turn_id, stop_reason: 'end_turn' }, user));
    expect(await untilClosed(id)).toBeGreaterThanOrEqual(1_000);
    expect(await until(world, waiting, () => true)).toMatchObject({ status: 'idle' });
  });

  it('begins its time again when the process stood still', async () => {
    const id = await createSession(service, { timeout_seconds: 1 });
    await untilIdle(world, id);
    // Its timer is set when another session has gone the same way.
    await untilIdle(world, await createSession(service));
    const now = Date.now.bind(Date);
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + 45_000);
    try {
      // Timers of Node end up to a millisecond early.
      expect(await untilClosed(id)).toBeGreaterThanOrEqual(1_999);
    } finally {
      clock.mockRestore();
    }
  });

  it('learns of a new timeout', async () => {
    const id = await createSession(service, { timeout_seconds: 600 });
    await untilIdle(world, id);
    await service.execute(new UpdateSession(id, { timeout_seconds: 1 }, user));
    expect(await untilClosed(id)).toBeGreaterThanOrEqual(1_000);
  });

  it('closes also when the service was started anew meanwhile', async () => {
    const id = await createSession(service, { timeout_seconds: 1 });
    await untilIdle(world, id);
    await service.stop();
    service = await startService(world);
    await untilClosed(id);
  });
});
