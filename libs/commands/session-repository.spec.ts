import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConcurrencyError, LogError, type EventStore } from '#event-store';
import { systemIds } from '#runtime';
import { CloseSession, PostMessage, RestoreSession, SessionRepository } from './index.js';
import { startCommands, user, type CommandsKit } from './testing/commands-kit.js';

const post = (id: string) => ({ message_id: id, role: 'user' as const, content: id, metadata: {} });

describe('SessionRepository', () => {
  let kit: CommandsKit;
  beforeEach(async () => {
    kit = await startCommands();
  });
  afterEach(() => kit.stop());

  it('keeps every message of writers that know nothing of each other', async () => {
    const { sessionId } = await kit.create();
    const writers = [1, 2, 3].map(() => new SessionRepository(kit.store, systemIds));
    await Promise.all(
      writers.map(async (writer, w) => {
        for (let n = 0; n < 5; n++) {
          await writer.execute(sessionId, { type: 'post-message', data: post(`${w}-${n}`) }, user);
        }
      }),
    );
    const { state } = await new SessionRepository(kit.store, systemIds).load(sessionId);
    expect(state.version).toBe(16);
    expect(new Set(state.pendingMessageIds).size).toBe(15);
  });

  it('decides again when its cached state is out of date', async () => {
    const { sessionId } = await kit.create();
    const other = new SessionRepository(kit.store, systemIds);
    await other.execute(sessionId, { type: 'close', reason: 'requested', by: 'x' }, user);
    const outcome = await kit.bus.execute(new CloseSession(sessionId, { reason: 'requested' }, user));
    expect(outcome.events).toEqual([]);
    await other.execute(sessionId, { type: 'restore', reason: 'requested' }, user);
    await other.execute(sessionId, { type: 'close', reason: 'requested', by: 'x' }, user);
    const restored = await kit.bus.execute(new RestoreSession(sessionId, {}, user));
    expect(restored.events.map(({ type }) => type)).toEqual(['session.restored']);
  });

  it('refuses only what the true state refuses', async () => {
    const { sessionId } = await kit.create();
    const other = new SessionRepository(kit.store, systemIds);
    await other.execute(sessionId, { type: 'delete' }, user);
    await expect(
      kit.bus.execute(new PostMessage(sessionId, { content: 'x', metadata: {} }, user)),
    ).rejects.toMatchObject({ code: 'session_not_found' });
  });

  it('gives up when others win until the deadline', async () => {
    const { sessionId } = await kit.create();
    const losing: EventStore = {
      ...bound(kit.store),
      append: (id, _, at) => Promise.reject(new ConcurrencyError(id, at)),
    };
    const repository = new SessionRepository(losing, systemIds, 5);
    const attempt = repository.execute(sessionId, { type: 'post-message', data: post('m') }, user);
    await expect(attempt).rejects.toMatchObject({
      code: 'concurrent_write',
      message: expect.stringMatching(/each of the \d+ times .* Send it again/),
    });
  });

  it('fails those that wait behind a write which the log did not take, all at once', async () => {
    const { sessionId } = await kit.create();
    let asked = 0;
    const away: EventStore = {
      ...bound(kit.store),
      append: async () => {
        asked += 1;
        await new Promise(setImmediate);
        throw new LogError('log_unavailable', 'no answer');
      },
    };
    const repository = new SessionRepository(away, systemIds);
    const posts = ['a', 'b', 'c'].map((id) =>
      repository.execute(sessionId, { type: 'post-message', data: post(id) }, user),
    );
    const results = await Promise.allSettled(posts);
    const reasons = results.map((result): unknown =>
      result.status === 'rejected' ? result.reason : undefined,
    );
    expect(reasons).toEqual([
      expect.objectContaining({ code: 'log_unavailable', message: 'no answer' }),
      expect.objectContaining({
        code: 'log_unavailable',
        message: expect.stringMatching(/^Nothing was written/),
      }),
      expect.objectContaining({
        code: 'log_unavailable',
        message: expect.stringMatching(/^Nothing was written/),
      }),
    ]);
    expect(asked).toBe(1);
  });

  it('keeps nothing on the log that is not well-formed', async () => {
    const { sessionId } = await kit.create();
    const data = { ...post('m'), content: 'a\ud83d', metadata: { 'k\ud83d': '\udc00' } };
    const { events } = await kit.sessions.execute(sessionId, { type: 'post-message', data }, user);
    expect(events[0]?.data).toMatchObject({ content: 'a\ufffd', metadata: { 'k\ufffd': '\ufffd' } });
  });

  it('has half done nothing when the log refuses', async () => {
    const { sessionId } = await kit.create();
    const full: EventStore = {
      ...bound(kit.store),
      append: () => Promise.reject(new LogError('log_full', 'no space')),
    };
    const repository = new SessionRepository(full, systemIds);
    await expect(
      repository.execute(sessionId, { type: 'post-message', data: post('m') }, user),
    ).rejects.toMatchObject({
      code: 'log_full',
    });
    expect(await kit.types(sessionId)).toEqual(['session.created']);
    expect((await repository.load(sessionId)).state.pendingMessageIds).toEqual([]);
  });
});

function bound(store: EventStore): EventStore {
  return {
    append: store.append.bind(store),
    read: store.read.bind(store),
    last: store.last.bind(store),
    at: store.at.bind(store),
    scan: store.scan.bind(store),
    checkWritable: store.checkWritable.bind(store),
    follow: store.follow.bind(store),
    followBatches: store.followBatches.bind(store),
    consume: store.consume.bind(store),
    erase: store.erase.bind(store),
    purge: store.purge.bind(store),
    kept: store.kept.bind(store),
    backlog: store.backlog.bind(store),
    info: store.info.bind(store),
  };
}
