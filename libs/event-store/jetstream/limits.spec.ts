import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { event, type EventEnvelope } from '#domain';
import { startTestNats, type TestNats } from '#runtime';
import { created, newSessionId, posted, seal, startSession } from '../conformance/fixtures.js';
import type { RecordedEvent } from '../event-store.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

describe('JetStream store at its limits', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let jsm: JetStreamManager;
  let opened: JetStreamStore;
  const poison: RecordedEvent[] = [];

  beforeAll(async () => {
    nats = await startTestNats();
    connection = await nats.connection();
    jsm = await jetstreamManager(connection);
    const onPoison = (unreadable: RecordedEvent) => void poison.push(unreadable);
    opened = await openJetStreamStore(connection, { ackWaitMs: 1000, onPoison });
  });
  afterAll(async () => {
    opened.close();
    await nats.stop();
  });

  const withLargeData = async () => {
    const sessionId = newSessionId();
    const events = seal(sessionId, 1, created(), posted('x'.repeat(100_000)));
    const { sequence } = await opened.store.append(sessionId, events, 0);
    return { sessionId, sequence };
  };
  /** Subjects of a session's large data. */
  const blobsOf = async (sessionId: string) => {
    const options = { subjects_filter: `RAWORC_BLOBS.${sessionId}.*` };
    return Object.keys((await jsm.streams.info('RAWORC_BLOBS', options)).state.subjects ?? {});
  };

  it('brings an existing stream to its settings, and refuses one that cannot be', async () => {
    const shape = { subjects: ['other.sessions.*'] };
    await jsm.streams.add({ name: 'OTHER_SESSIONS', ...shape, max_age: 60e9 });
    const other = await openJetStreamStore(connection, {
      streamName: 'OTHER_SESSIONS',
      subjectPrefix: 'other.sessions',
    });
    other.close();
    const { config } = await jsm.streams.info('OTHER_SESSIONS');
    expect(config).toMatchObject({ max_age: 0, deny_delete: true, allow_atomic: true, discard: 'new' });

    await jsm.streams.add({ name: 'BAD_SESSIONS', subjects: ['bad.sessions.*'], storage: 'memory' });
    const bad = openJetStreamStore(connection, { streamName: 'BAD_SESSIONS', subjectPrefix: 'bad.sessions' });
    await expect(bad).rejects.toMatchObject({ name: 'LogError', code: 'log_incompatible' });
  });

  it('refuses an event id that another session has used', async () => {
    const { events } = await startSession(opened.store);
    const other = newSessionId();
    await expect(opened.store.append(other, events, 0)).rejects.toThrow(/used once/);
    expect(await opened.store.read(other)).toEqual([]);
  });

  it('refuses an event that is larger than the server takes', async () => {
    const sessionId = newSessionId();
    const [first] = seal(sessionId, 1, created()) as [EventEnvelope];
    const append = opened.store.append(sessionId, [{ ...first, actor: 'x'.repeat(9_000_000) }], 0);
    await expect(append).rejects.toMatchObject({ code: 'event_too_large' });
  });

  it('keeps large data apart from the log, and removes it with the session', async () => {
    const { sessionId, sequence } = await withLargeData();
    const message = await jsm.streams.getMessage('RAWORC_SESSIONS', { seq: sequence });
    const wire = message?.json<Record<string, unknown>>();
    expect(wire).not.toHaveProperty('data');
    expect(wire).toMatchObject({ dataref: expect.stringContaining(`RAWORC_BLOBS/${sessionId}.`) });
    expect(await blobsOf(sessionId)).toHaveLength(1);

    const [end] = seal(sessionId, 3, event('session.erased', {})) as [EventEnvelope];
    await opened.store.erase(sessionId, end, sequence);
    expect(await blobsOf(sessionId)).toEqual([]);
  });

  it('leaves nothing of a destroyed key in the store', async () => {
    const sessionId = newSessionId();
    await opened.keys.create(sessionId, 'wrapped-key');
    await opened.keys.delete(sessionId);
    const marker = await jsm.streams.getMessage('KV_RAWORC_KEYS', {
      last_by_subj: `$KV.RAWORC_KEYS.${sessionId}`,
    });
    expect(marker?.string()).toBe('');
    expect((await jsm.streams.info('KV_RAWORC_KEYS')).state.messages).toBe(1);
  });

  it('hands the work of a worker that died to another', async () => {
    const { sessionId } = await startSession(opened.store, 'work');
    const types = new Set(['message.posted'] as const);
    const dying = await nats.connection();
    const first = await openJetStreamStore(dying, { ackWaitMs: 1000 });
    const taken = Promise.withResolvers<void>();
    const died = first.store.consume({
      durable: 'mortal',
      types,
      concurrency: 1,
      signal: new AbortController().signal,
      handle: async ({ event }) => {
        if (event.subject !== sessionId) return;
        taken.resolve();
        await dying.closed();
      },
    });
    await taken.promise;
    await dying.close();
    await expect(died).rejects.toMatchObject({ code: 'log_unavailable' });

    const abort = new AbortController();
    const attempts: number[] = [];
    await opened.store.consume({
      durable: 'mortal',
      types,
      concurrency: 1,
      signal: abort.signal,
      handle: async ({ event, attempt }) => {
        if (event.subject !== sessionId) return;
        attempts.push(attempt);
        abort.abort();
      },
    });
    expect(attempts).toEqual([2]);
  });

  it('reports a message that is no event, and goes on after it', async () => {
    const { sequence } = await startSession(opened.store);
    await jetstream(connection).publish(`raworc.sessions.${newSessionId()}`, 'not an event');
    const { sessionId } = await startSession(opened.store, 'after');
    const abort = new AbortController();
    await opened.store.consume({
      durable: 'careful',
      types: new Set(['message.posted'] as const),
      concurrency: 1,
      signal: abort.signal,
      handle: async ({ event }) => {
        if (event.subject === sessionId) abort.abort();
      },
    });
    expect(poison.map((unreadable) => unreadable.sequence)).toEqual([sequence + 1]);

    const follower = opened.store.follow({ after: sequence - 1, signal: new AbortController().signal });
    const iterator = follower[Symbol.asyncIterator]();
    expect((await iterator.next()).value).toMatchObject({ sequence });
    expect((await iterator.next()).value).toMatchObject({ event: { type: 'event.unreadable' } });
    await iterator.return?.();
  });

  it('says that the log is full', async () => {
    await jsm.streams.update('RAWORC_SESSIONS', { max_bytes: 1 });
    const sessionId = newSessionId();
    const single = opened.store.append(sessionId, seal(sessionId, 1, created()), 0);
    await expect(single).rejects.toMatchObject({ code: 'log_full' });
    const batch = opened.store.append(sessionId, seal(sessionId, 1, created(), posted('a')), 0);
    await expect(batch).rejects.toMatchObject({ code: 'log_full' });
  });
});
