import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { event, type EventEnvelope } from '#domain';
import { startTestCluster, type TestCluster } from '#runtime';
import { created, ids, newSessionId, posted, seal, versions } from '../conformance/fixtures.js';
import { openJetStreamStore, type JetStreamStore } from './open.js';

const WRITERS = 8;

describe('the log on a cluster of three', () => {
  let cluster: TestCluster;
  let jsm: JetStreamManager;
  let writing: JetStreamStore;
  let reading: JetStreamStore;
  const options = { replicas: 3, requestTimeoutMs: 1000 };

  beforeAll(async () => {
    cluster = await startTestCluster();
    const connection = await cluster.connection();
    jsm = await untilReady(async () => {
      const manager = await jetstreamManager(connection, { timeout: 1000 });
      await manager.streams.add({ name: 'READY', subjects: ['ready'], num_replicas: 3 });
      return manager;
    });
    writing = await openJetStreamStore(connection, options);
    reading = await openJetStreamStore(await cluster.connection(), { requestTimeoutMs: 1000 });
  });
  afterAll(async () => {
    writing.close();
    reading.close();
    await cluster.stop();
  });

  const replicas = async () => {
    const streams = await jsm.streams.list().next();
    return streams.filter(({ config }) => config.name !== 'READY').map(({ config }) => config.num_replicas);
  };

  it('keeps all its streams as they are when nobody says how many copies, and never lowers them', async () => {
    const before = await replicas();
    expect(new Set(before)).toEqual(new Set([3]));
    const connection = await cluster.connection();
    (await openJetStreamStore(connection)).close();
    await expect(openJetStreamStore(connection, { replicas: 1 })).rejects.toMatchObject({
      code: 'log_incompatible',
      message: expect.stringMatching(/RAWORC_REPLICAS is 1, .* has 3 replicas/),
    });
    expect(await replicas()).toEqual(before);
  });

  it('reads what was just acknowledged, from whichever server', async () => {
    const sessionId = newSessionId();
    let { sequence } = await writing.store.append(sessionId, seal(sessionId, 1, created()), 0);
    const stale: string[] = [];
    for (let version = 2; version <= 120; version++) {
      const [next] = seal(sessionId, version, posted('x')) as [EventEnvelope];
      ({ sequence } = await writing.store.append(sessionId, [next], sequence));
      const [last, at, all] = await Promise.all([
        reading.store.last(sessionId),
        reading.store.at(sequence),
        reading.store.read(sessionId),
      ]);
      if (last?.event.id !== next.id) stale.push(`last at ${version}`);
      if (at?.event.id !== next.id) stale.push(`at at ${version}`);
      if (all.length !== version) stale.push(`read at ${version}`);
    }
    expect(stale).toEqual([]);
    const sha256 = await writing.attachments.put(sessionId, Buffer.alloc(300_000, 7));
    expect(await reading.attachments.get(sessionId, sha256)).toHaveLength(300_000);
  });

  it('loses and doubles nothing, and refuses nobody, when its leader is killed under load', async () => {
    const stop = new AbortController();
    const written = Array.from({ length: WRITERS }, () => write(writing, stop.signal));
    const leader = (await jsm.streams.info('RAWORC_SESSIONS')).cluster?.leader ?? '';
    await cluster.kill9(leader);
    // Every writer has got something through after the kill.
    const claimed = await writing.names.claim(`after-${leader}`, 'somebody');
    await writing.attachments.put(newSessionId(), Buffer.alloc(200_000, 1));
    const probe = newSessionId();
    await writing.store.append(probe, seal(probe, 1, created()), 0);
    stop.abort();
    expect(claimed).toBe(true);
    for (const { sessionId, events } of await Promise.all(written)) {
      const stored = await reading.store.read(sessionId);
      expect(ids(stored)).toEqual(ids(events));
      expect(versions(stored)).toEqual(events.map((_, n) => n + 1));
    }
    await cluster.restart(leader);
  });

  it('is erased and followed as ever', async () => {
    const sessionId = newSessionId();
    const { sequence } = await writing.store.append(sessionId, seal(sessionId, 1, created()), 0);
    const [end] = seal(sessionId, 2, event('session.erased', {})) as [EventEnvelope];
    await writing.store.erase(sessionId, end, sequence);
    const { signal } = new AbortController();
    for await (const { event: seen } of reading.store.follow({ after: 0, sessionId, signal })) {
      expect(seen.id).toBe(end.id);
      break;
    }
  });
});

/** Appends to a session of its own until told to stop; each refusal would be an error. */
async function write({ store }: JetStreamStore, signal: AbortSignal) {
  const sessionId = newSessionId();
  const events: EventEnvelope[] = [];
  for (let position = 0; !signal.aborted;) {
    const [next] = seal(sessionId, events.length + 1, events.length === 0 ? created() : posted('x'));
    ({ sequence: position } = await store.append(sessionId, [next as EventEnvelope], position));
    events.push(next as EventEnvelope);
  }
  return { sessionId, events };
}

async function untilReady<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!/available|timeout|peers|leader|responders|offline/i.test(String(error))) throw error;
    }
  }
}
