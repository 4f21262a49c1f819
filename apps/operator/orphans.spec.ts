import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DeleteSession } from '#commands';
import { createMemoryStore, openJetStreamStore, type JetStreamStore, type MemoryStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { eventually } from '../../test/support/eventually.js';
import { createSession, untilIdle } from './testing/session.js';
import { createWorld, startService, user, type Service, type World } from './testing/service.js';

const PICTURE = new TextEncoder().encode('a picture');
const SWEEPING = { sweepIntervalMs: 10 };

describe.each(['in memory', 'on JetStream'])('Attachments that no session has, on a log %s', (where) => {
  let nats: TestNats | undefined;
  let log: JetStreamStore | undefined;
  let world: World;
  let service: Service | undefined;
  let number = 0;
  beforeAll(async () => {
    if (where === 'on JetStream') nats = await startTestNats();
  });
  beforeEach(async () => {
    number += 1;
    const names = { streamName: `O${number}_SESSIONS`, subjectPrefix: `o${number}.sessions` };
    log = nats && (await openJetStreamStore(await nats.connection(), names));
    world = await createWorld(log ?? createMemoryStore());
  });
  afterEach(async () => {
    await service?.stop();
    await world.remove();
    log?.close();
  });
  afterAll(() => nats?.stop());

  const isThere = async ({ attachments }: MemoryStore, id: string, digest: string) =>
    (await attachments.get(id, digest)) !== undefined;

  it('are removed when their session was erased before they came', async () => {
    service = await startService(world, { timing: SWEEPING });
    const { memory } = world;
    const [id, other] = [await createSession(service), await createSession(service)];
    await Promise.all([untilIdle(world, id), untilIdle(world, other)]);
    await service.execute(new DeleteSession(id, { erase: true }, user));
    const late = await memory.attachments.put(id, PICTURE);
    const kept = await memory.attachments.put(other, PICTURE);
    await eventually(async () => !(await isThere(memory, id, late)));
    expect(await isThere(memory, other, kept)).toBe(true);
  });

  it('are removed when their session never came to be, once nobody can be making it any more', async () => {
    const { memory } = world;
    const id = randomUUID();
    const digest = await memory.attachments.put(id, PICTURE);
    let parts = 0;
    const counted = (one: MemoryStore): MemoryStore => {
      const store = new Proxy(one.store, {
        get(target, key) {
          if (key === 'kept') parts += 1;
          const value: unknown = Reflect.get(target, key);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
      return { ...one, store };
    };
    service = await startService(world, { timing: SWEEPING, decorateLog: counted });
    await eventually(async () => parts >= 3);
    expect(await isThere(memory, id, digest)).toBe(true);
    await service.stop();
    service = await startService(world, { timing: { ...SWEEPING, orphansAfterMs: 0 } });
    await eventually(async () => !(await isThere(memory, id, digest)));
  });

  it('stay when their session was deleted and can still be read', async () => {
    const { memory } = world;
    service = await startService(world, { timing: { ...SWEEPING, orphansAfterMs: 0 } });
    const id = await createSession(service);
    await untilIdle(world, id);
    const digest = await memory.attachments.put(id, PICTURE);
    await service.execute(new DeleteSession(id, { erase: false }, user));
    const orphan = randomUUID();
    const gone = await memory.attachments.put(orphan, PICTURE);
    await eventually(async () => !(await isThere(memory, orphan, gone)));
    expect(await isThere(memory, id, digest)).toBe(true);
  });
});
