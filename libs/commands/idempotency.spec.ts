import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMemoryStore, LogError, type EventStore, type MemoryStore } from '#event-store';
import {
  InterruptTurn,
  PostMessage,
  RemixSession,
  ReportComputerStarted,
  StartTurn,
  type CommandOutcome,
} from './index.js';
import { everything, startCommands, user, type CommandsKit } from './testing/commands-kit.js';

const withKey = (key: string, hash = 'h') => ({ ...user, idempotency: { key: `user:local:${key}`, hash } });
const started = {
  driver: 'd',
  node: 'n',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created' as const,
};

/** Two servers on one log. There is no view at all: nothing here may hang on one. */
describe('an idempotency key', () => {
  let log: MemoryStore;
  let one: CommandsKit;
  let two: CommandsKit;
  beforeEach(async () => {
    log = createMemoryStore();
    one = await startCommands({ log });
    two = await startCommands({ log });
  });
  afterEach(async () => {
    await one.stop();
    await two.stop();
  });

  const post = (kit: CommandsKit, id: string, key: string, content = 'x'): Promise<CommandOutcome> =>
    kit.bus.execute(new PostMessage(id, { content, metadata: {} }, withKey(key)));

  it('makes one session, asked again at another server', async () => {
    const first = await one.create({}, withKey('k'));
    const again = await two.create({}, withKey('k'));
    expect(again).toMatchObject({ sessionId: first.sessionId, sequence: first.sequence, replayed: true });
    expect((await log.store.info()).lastSequence).toBe(1);
  });

  it('makes one session, asked of both at the same moment, and holds one name', async () => {
    const outcomes = await Promise.all(
      [one, two, one, two].map((kit) => kit.create({ secrets: { A: 'a' } }, withKey('k'))),
    );
    expect(new Set(outcomes.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const { name } = outcomes[0]?.state ?? { name: '' };
    expect(await log.names.holder(name)).toMatchObject({ sessionId: outcomes[0]?.sessionId });
    expect((await log.store.info()).lastSequence).toBe(1);
  });

  it('is worked on once by a server, however often it is asked at the same moment', async () => {
    let appends = 0;
    const counting = await startCommands({
      log,
      through: (store) => {
        const append: EventStore['append'] = (...args) => {
          appends += 1;
          return store.append(...args);
        };
        return Object.assign(Object.create(store) as EventStore, { append });
      },
    });
    await Promise.all(Array.from({ length: 5 }, () => counting.create({}, withKey('k'))));
    expect(appends).toBe(1);
    await counting.stop();
  });

  it('posts one message, whichever servers are asked, and however often', async () => {
    const { sessionId } = await one.create();
    await two.sessions.load(sessionId);
    const outcomes = await Promise.all([one, two, one, two].map((kit) => post(kit, sessionId, 'k')));
    outcomes.push(await post(one, sessionId, 'k'), await post(two, sessionId, 'k'));
    expect(outcomes.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(outcomes.map(({ sequence }) => sequence)).size).toBe(1);
    expect(await one.types(sessionId)).toEqual(['session.created', 'message.posted']);
  });

  it('remixes once', async () => {
    const { sessionId } = await one.create();
    const remix = (kit: CommandsKit): Promise<CommandOutcome> =>
      kit.bus.execute(new RemixSession(sessionId, everything, withKey('k')));
    const [first, second] = await Promise.all([remix(one), remix(two)]);
    expect(second.sessionId).toBe(first.sessionId);
    expect([first.replayed, second.replayed].sort()).toEqual([false, true]);
  });

  it('with another body is refused, at the other server too', async () => {
    await one.create({}, withKey('k', 'a'));
    await expect(two.create({}, withKey('k', 'b'))).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      message: expect.stringContaining('"k"'),
    });
  });

  it('of a request with nothing to do does nothing later either', async () => {
    const { sessionId: id } = await one.create({ prompt: 'go' });
    const stop = (kit: CommandsKit): Promise<CommandOutcome> =>
      kit.bus.execute(new InterruptTurn(id, {}, withKey('stop')));
    expect(await stop(one)).toMatchObject({ events: [], replayed: false });
    await one.bus.execute(new ReportComputerStarted(id, started, user));
    const { state } = await one.sessions.load(id);
    await one.bus.execute(new StartTurn(id, { turnId: 't', messageIds: state.pendingMessageIds }, user));
    expect(await stop(two)).toMatchObject({ replayed: true, state: { turn: { id: 't' } } });
  });

  it('of a refused request is free for another body', async () => {
    await one.create({ name: 'taken' });
    await expect(one.create({ name: 'taken' }, withKey('k', 'a'))).rejects.toMatchObject({
      code: 'name_taken',
    });
    await expect(one.create({}, withKey('k', 'b'))).resolves.toMatchObject({ replayed: false });
  });

  it('goes on under the same id after a crash before the append', async () => {
    let away = true;
    const crashing = await startCommands({ log, through: (store) => awayWhile(() => away, store) });
    await expect(crashing.create({ name: 'kept' }, withKey('k'))).rejects.toMatchObject({
      code: 'log_unavailable',
    });
    away = false;
    const again = await two.create({ name: 'kept' }, withKey('k'));
    expect(again).toMatchObject({ replayed: false, state: { name: 'kept' } });
    await crashing.stop();
  });

  it('finds what was appended although its reply was lost', async () => {
    const { sessionId } = await one.create();
    const losing = await startCommands({ log, through: losingReplies });
    await expect(post(losing, sessionId, 'k')).rejects.toMatchObject({ code: 'log_unavailable' });
    expect(await post(losing, sessionId, 'k')).toMatchObject({ replayed: true });
    expect(await post(two, sessionId, 'k')).toMatchObject({ replayed: true });
    expect(await one.types(sessionId)).toEqual(['session.created', 'message.posted']);
    await losing.stop();
  });
});

function awayWhile(away: () => boolean, store: EventStore): EventStore {
  const append: EventStore['append'] = (...args) =>
    away() ? Promise.reject(new LogError('log_unavailable', 'no answer')) : store.append(...args);
  return Object.assign(Object.create(store) as EventStore, { append });
}

function losingReplies(store: EventStore): EventStore {
  const append: EventStore['append'] = async (...args) => {
    await store.append(...args);
    throw new LogError('log_unavailable', 'no answer');
  };
  return Object.assign(Object.create(store) as EventStore, { append });
}
