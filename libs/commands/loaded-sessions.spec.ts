import { describe, expect, it } from '@jest/globals';
import { envelop, event, type EventEnvelope } from '#domain';
import { createMemoryStore } from '#event-store';
import { LoadedSessions } from './loaded-sessions.js';

const KIB = 1024;

function created(sessionId: string, metadata: Record<string, unknown>): EventEnvelope {
  const data = {
    name: sessionId,
    model: 'm',
    system_prompt: '',
    tools: [],
    instructions: null,
    setup: null,
    limits: {},
    image: null,
    metadata,
    timeout_seconds: 0,
    created_by: 'user:local',
    secrets: {},
    source: null,
  };
  return envelop(sessionId, 1, event('session.created', data), {
    id: `${sessionId}-1`,
    time: '2026-01-01T00:00:00Z',
    source: '/test',
    actor: 'user:local',
    commandid: 'c',
    correlationid: 'c',
  });
}

async function loadedWith(metadataBytes: number, sessions: number, cacheBytes: number) {
  const { store } = createMemoryStore();
  let reads = 0;
  const scan: typeof store.scan = (options) => {
    reads += 1;
    return store.scan(options);
  };
  const loaded = new LoadedSessions({ ...store, scan }, cacheBytes);
  const ids = Array.from({ length: sessions }, (_, n) => `session-${n}`);
  for (const id of ids) {
    await store.append(id, [created(id, { text: 'x'.repeat(metadataBytes) })], 0);
    await loaded.load(id);
  }
  return { loaded, ids, reads: () => reads };
}

describe('the cache of sessions', () => {
  it('holds as many as its bytes take, however few that are when they are large', async () => {
    const { loaded, ids, reads } = await loadedWith(64 * KIB, 20, 512 * KIB);
    expect(loaded.cachedBytes).toBeLessThanOrEqual(512 * KIB);
    expect(loaded.cachedBytes).toBeGreaterThan(256 * KIB);
    const before = reads();
    await loaded.load(ids.at(-1) ?? '');
    expect(reads()).toBe(before);
    await loaded.load(ids[0] ?? '');
    expect(reads()).toBe(before + 1);
  });

  it('holds many small ones in the same bytes', async () => {
    const { loaded, ids, reads } = await loadedWith(10, 200, 512 * KIB);
    const before = reads();
    for (const id of ids) await loaded.load(id);
    expect(reads()).toBe(before);
  });

  it('works with one that is larger than all of it', async () => {
    const { loaded, ids } = await loadedWith(64 * KIB, 2, 16 * KIB);
    expect((await loaded.current(ids[0] ?? '')).state.name).toBe('session-0');
    expect(loaded.cachedBytes).toBe(0);
  });
});
