import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { createWorld, startService, type World } from './testing/service.js';
import { createSession, readText, typesOf, untilIdle } from './testing/session.js';

describe('A service that is stopped', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.remove());

  it('leaves its computers as they are', async () => {
    const service = await startService(world);
    const id = await createSession(service);
    await untilIdle(world, id);
    await service.stop();
    expect(await service.computers.inspect(id)).toMatchObject({ running: true });
  });

  it('cancels a setup that takes too long, blames nobody, and begins it anew next time', async () => {
    const first = await startService(world, { timing: { stopDeadlineMs: 50 } });
    const flag = `${world.root}/.second-life`;
    const setup = `echo x >> data/tries; [ -e ${flag} ] && exit 0; touch ${flag}; sleep 600`;
    const id = await createSession(first, { setup });
    await eventually(async () => (await readText(first, id, 'data/tries').catch(() => '')) !== '');
    await first.stop();
    expect(await typesOf(world, id)).toEqual(['session.created']);
    const second = await startService(world);
    await untilIdle(world, id);
    expect(await readText(second, id, 'data/tries')).toBe('x\n');
    await second.stop();
  });
});
