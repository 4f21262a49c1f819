import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Computers } from '#computers';
import { envelop, event, type EventOf, type EventType } from '#domain';
import { systemIds } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, type Service, type World } from './testing/service.js';
import { createSession, untilIdle } from './testing/session.js';

const SESSIONS = 300;

describe('An operator that starts with many live sessions', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  it('does not let a new session wait behind its sweep', async () => {
    const settings = { ...SETTINGS, name: 'old' };
    const old = new Set(Array.from({ length: SESSIONS }, () => systemIds.uuid()));
    for (const id of old) {
      const events = [event('session.created', settings), event('computer.started', STARTED)];
      const sealed = events.map((each, index) => seal(id, index + 1, each));
      await world.memory.store.append(id, sealed, 0);
    }
    await workedOff(world, SESSIONS);
    const looked = new Set<string>();
    let asked = 0;
    let most = 0;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    /** Real computers behind an engine that takes its time over those of the old sessions. */
    const slow = (computers: Computers): Computers =>
      new Proxy(computers, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key);
          if (typeof value !== 'function') return value;
          if (key !== 'inspect') return value.bind(target) as unknown;
          return async (id: string) => {
            if (old.has(id)) {
              looked.add(id);
              most = Math.max(most, ++asked);
              await opened;
              asked -= 1;
            }
            return target.inspect(id);
          };
        },
      });
    service = await startService(world, { decorate: slow, timing: { stopDeadlineMs: 100 } });
    // From here on only its event can tell of the new session.
    await eventually(async () => asked > 0);
    const id = await createSession(service);
    await untilIdle(world, id);
    // Those that are looked at first are given up after a while; the new session was not kept waiting for that.
    expect(looked.size).toBe(most);
    expect(most).toBeLessThanOrEqual(8);
    open();
  });
});

const STARTED = {
  driver: 'local',
  node: 'spec',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created' as const,
};

const SETTINGS = {
  model: 'm',
  system_prompt: '',
  tools: [],
  instructions: null,
  setup: null,
  limits: {},
  image: null,
  metadata: {},
  timeout_seconds: 0,
  created_by: 'user:local',
  secrets: {},
  source: null,
};

/** A life before has worked on the creation of so many sessions. */
async function workedOff(world: World, sessions: number): Promise<void> {
  const past = new AbortController();
  let seen = 0;
  await world.memory.store.consume({
    durable: 'operator',
    types: new Set(['session.created']),
    signal: past.signal,
    concurrency: 1,
    handle: async () => {
      if (++seen === sessions) past.abort();
    },
  });
}

function seal(id: string, version: number, decided: EventOf<EventType>) {
  const provenance = { actor: 'user:local', commandid: 'c', correlationid: 'c', source: '/raworc' };
  return envelop(id, version, decided, {
    ...provenance,
    id: systemIds.uuid(),
    time: new Date().toISOString(),
  });
}
