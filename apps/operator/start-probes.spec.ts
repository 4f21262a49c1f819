import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ComputerInfo, Computers } from '#computers';
import { envelop, event, type SessionEvent } from '#domain';
import { systemIds } from '#runtime';
import { createdData } from '../../projections/testing/index.js';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, type Service, type World } from './testing/service.js';

const CLOSED = 200;
const started = {
  driver: 'local',
  node: 'spec',
  image: null,
  computer_id: 'c',
  took_ms: 1,
  origin: 'created' as const,
};

describe('An operator that starts with many closed sessions', () => {
  let world: World;
  let service: Service;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(async () => {
    await service.stop();
    await world.remove();
  });

  async function closedSession(): Promise<string> {
    const id = systemIds.uuid();
    const events = [
      event('session.created', createdData()),
      event('computer.started', started),
      event('session.closed', { reason: 'requested' }),
    ];
    await world.memory.store.append(
      id,
      events.map((each, index) => seal(id, index + 1, each)),
      0,
    );
    return id;
  }

  it('lists their computers, and looks at those only that run', async () => {
    const ids = await Promise.all(Array.from({ length: CLOSED }, closedSession));
    const running = new Set(ids.slice(0, 3));
    const { lastSequence } = await world.memory.store.info();
    await eventually(async () => world.directory.position() === lastSequence);
    let lists = 0;
    const looks: string[] = [];
    const stops: string[] = [];
    const infoOf = (sessionId: string): ComputerInfo => {
      const isRunning = running.has(sessionId);
      return { sessionId, driver: 'local', computerId: 'c', running: isRunning };
    };
    /** What a driver says that has a computer for each of them. */
    const decorate = (computers: Computers): Computers =>
      Object.assign(Object.create(computers) as Computers, {
        list: async () => {
          lists += 1;
          return ids.map(infoOf);
        },
        inspect: async (id: string) => {
          looks.push(id);
          return infoOf(id);
        },
        stop: async (id: string) => {
          stops.push(id);
          running.delete(id);
        },
      });
    service = await startService(world, { decorate, timing: { sweepIntervalMs: 10 } });
    await eventually(async () => lists > 3 && running.size === 0);
    expect(new Set(looks)).toEqual(new Set(ids.slice(0, 3)));
    expect(stops.sort()).toEqual(ids.slice(0, 3).sort());
  });
});

function seal(id: string, version: number, decided: SessionEvent) {
  const provenance = { actor: 'user:ada', commandid: 'c', correlationid: 'c', source: '/raworc' };
  return envelop(id, version, decided, {
    ...provenance,
    id: systemIds.uuid(),
    time: new Date().toISOString(),
  });
}
