import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CompleteTurn, DeleteSession } from '#commands';
import type { EventEnvelope } from '#domain';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { brokenRules } from '../../test/crash/invariants.js';
import { eventually } from '../../test/support/eventually.js';
import { MortalLife, type Death } from './testing/mortal-life.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';
import { createSession, openTurn, remixSession, runTurn, untilIdle } from './testing/session.js';

const PICTURE = new TextEncoder().encode('a picture');
/** Kept beside its event. */
const LARGE = 'x'.repeat(100_000);
const TIMING = { stopDeadlineMs: 20, sweepIntervalMs: 50 };

/** Something that is cut off at each of its steps, and what has to hold in the life after it. */
interface Story {
  name: string;
  prepare(world: World, service: Service): Promise<string>;
  act(service: Service, id: string): Promise<unknown>;
  /** Holds when nothing is left to do. */
  isDone(world: World, service: Service, id: string): Promise<boolean>;
}

const stories: Story[] = [
  {
    name: 'an erase',
    prepare: async (world, service) => {
      const id = await createSession(service, { secrets: { TOKEN: 'abcdef' }, instructions: LARGE });
      await untilIdle(world, id);
      await world.memory.attachments.put(id, PICTURE);
      return id;
    },
    act: (service, id) => service.execute(new DeleteSession(id, { erase: true }, user)),
    async isDone({ memory }, { computers }, id) {
      const erased = (await memory.store.last(id))?.event.type === 'session.erased';
      if (!erased) return isIdle(memory, id);
      const { items } = await memory.store.kept(0, 1_000);
      const keepsNothing = items.every(({ sessionId }) => sessionId !== id);
      const hasNoKey = (await memory.keys.get(id)) === undefined;
      return keepsNothing && hasNoKey && (await computers.inspect(id)) === undefined;
    },
  },
  {
    name: 'a remix',
    prepare: async (world, service) => {
      const id = await createSession(service, { secrets: { TOKEN: 'abcdef' } });
      await untilIdle(world, id);
      await runTurn(world, service, id, 'echo one > data/file');
      return id;
    },
    act: (service, id) => remixSession(service, id),
    isDone: async ({ memory }) => {
      const ended = await Promise.all((await sessionsOf(memory)).map((id) => isIdle(memory, id)));
      return ended.every(Boolean);
    },
  },
  {
    name: 'keeping the files of a turn',
    prepare: async (world, service) => {
      const id = await createSession(service);
      await untilIdle(world, id);
      return id;
    },
    async act(service, id) {
      await service.execute(
        new CompleteTurn(id, { turn_id: turns.get(id) ?? '', stop_reason: 'end_turn' }, user),
      );
    },
    async isDone({ memory }, service, id) {
      const types = (await memory.store.read(id)).map(({ event }) => event.type);
      // Nothing was acknowledged, so Host asks again.
      if (!types.includes('turn.completed')) await this.act(service, id);
      return types.at(-1) === 'files.snapshotted';
    },
  },
];
const turns = new Map<string, string>();

async function logOf({ store }: JetStreamStore | World['memory']): Promise<EventEnvelope[]> {
  const { lastSequence } = await store.info();
  const end = new AbortController();
  const log: EventEnvelope[] = [];
  for await (const { event, sequence } of store.follow({ after: 0, signal: end.signal })) {
    log.push(event);
    if (sequence >= lastSequence) end.abort();
  }
  return log;
}

async function sessionsOf(log: World['memory']): Promise<string[]> {
  return [...new Set((await logOf(log)).map(({ subject }) => subject))];
}

async function isIdle({ store }: World['memory'], id: string): Promise<boolean> {
  const last = (await store.last(id))?.event.type;
  return ['computer.started', 'files.snapshotted', 'session.erased'].includes(last ?? '');
}

describe('A service that is killed', () => {
  let nats: TestNats;
  const logs: JetStreamStore[] = [];
  const services: Service[] = [];
  let world: World | undefined;
  let number = 0;
  beforeAll(async () => {
    nats = await startTestNats();
  });
  afterEach(async () => {
    await end();
    for (const log of logs.splice(0)) log.close();
  });
  afterAll(() => nats.stop());

  async function end(): Promise<void> {
    for (const service of services.splice(0)) await service.stop();
    await world?.remove();
    world = undefined;
  }

  async function newWorld(): Promise<World> {
    number += 1;
    const names = { streamName: `R${number}_SESSIONS`, subjectPrefix: `r${number}.sessions` };
    const log = await openJetStreamStore(await nats.connection(), { ...names, ackWaitMs: 500 });
    logs.push(log);
    return createWorld(log);
  }

  async function begin(life: MortalLife): Promise<Service> {
    if (world === undefined) throw new Error('There is no world yet.');
    const service = await startService(world, {
      decorate: life.ofComputers,
      decorateLog: life.ofLog,
      timing: TIMING,
    });
    services.push(service);
    return service;
  }

  /** Prepares and acts in a life that ends where it is told to, if at all; then lives on in another. */
  async function live(story: Story, life: MortalLife, dies: boolean): Promise<string[]> {
    world = await newWorld();
    const first = await begin(life);
    const id = await story.prepare(world, first);
    if (story.name.includes('turn')) turns.set(id, await openTurn(world, first, id, 'echo 1 > data/file'));
    life.arm();
    const acted = story.act(first, id);
    const here = world;
    const done = acted.then(() => eventually(() => story.isDone(here, first, id)));
    await Promise.race([life.died, done]);
    done.catch(() => undefined);
    if (dies) await first.stop();
    const next = dies ? await begin(new MortalLife()) : first;
    const { memory } = world;
    await eventually(() => story.isDone(here, next, id));
    expect(brokenRules(await logOf(memory), { acknowledged: new Map() })).toEqual([]);
    return life.calls;
  }

  it.each(stories)(
    'in $name leaves a log without a broken rule, at whichever step',
    async (story) => {
      const steps = await live(story, new MortalLife(), false);
      expect(steps.length).toBeGreaterThan(2);
      // What a call did and nobody saw is what there is before the next one.
      const deaths: Death[] = steps.map((_, index) => ({ call: index + 1, when: 'before' }));
      for (const death of [...deaths, { call: steps.length, when: 'after' } as const]) {
        await end();
        await live(story, new MortalLife(death), true);
      }
    },
    300_000,
  );
});
