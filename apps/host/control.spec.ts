import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReleaseControl, TakeControl } from '#commands';
import type { ContentBlock } from '#domain';
import { bash, screen, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const person = { actor: 'user:ada' };
const SKIPPED = 'Not executed: an earlier computer action in this turn failed.';
const done: Answer = { content: [text('Done.')] };
let world: World;
let claude: Claude | undefined;
let service: Service;
/** What happens while the model thinks about its n-th answer. */
let whileAsked: (n: number) => Promise<void>;

const begin = async (...answers: Answer[]): Promise<string> => {
  claude = await startClaude(async (_request, n) => {
    await whileAsked(n);
    return answers[n - 1] ?? done;
  });
  service = await Service.start(world, claude.url, { settleMs: 0 });
  return service.createSession({ desktop: true });
};
const take = (id: string, seconds = 600): Promise<unknown> =>
  service.do(new TakeControl(id, { leaseId: 'l1', seconds }, person));
const release = (id: string): Promise<unknown> =>
  service.do(new ReleaseControl(id, { leaseId: 'l1', reason: 'returned' }, person));

/** The results that the n-th request brought. */
const resultsIn = (n: number): ContentBlock[] =>
  claude?.requests[n - 1]?.messages.at(-1)?.content as ContentBlock[];
const picture = (): unknown => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/jpeg', data: expect.any(String) },
});

beforeEach(async () => {
  claude = undefined;
  whileAsked = () => Promise.resolve();
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await claude?.stop();
  await world.remove();
});

describe('while a person uses the desktop', () => {
  it('Host waits, and then shows the model the screen instead of acting on an old picture of it', async () => {
    const id = await begin(
      { content: [screen('screenshot')] },
      { content: [screen('left_click', { coordinate: [1, 2] }), screen('key', { text: 'a' })] },
      { content: [screen('left_click', { coordinate: [3, 4] })] },
      done,
    );
    whileAsked = async (n) => void (n === 2 && (await take(id)));
    await service.post(id, 'go');
    await service.until(id, 'model.responded', 2);
    await take(id, 700);
    await release(id);
    await service.until(id, 'turn.completed');
    expect(service.screen.actions()).toMatchObject([{ at: [3, 4] }]);
    expect(resultsIn(3)).toMatchObject([
      { is_error: true, content: [{ text: expect.stringContaining('a person used the desktop') }] },
      { is_error: true, content: SKIPPED },
      picture() as object,
    ]);
    const types = (await service.history(id)).map(({ type }) => type);
    expect(types.lastIndexOf('control.taken')).toBeGreaterThan(types.indexOf('tool.completed'));
    expect(types.indexOf('tool.started', types.indexOf('control.taken'))).toBeGreaterThan(
      types.indexOf('control.released'),
    );
    const refused = (await service.until(id, 'tool.completed', 2)).data;
    expect(refused).toMatchObject({
      outcome: 'not_executed',
      content: [{ type: 'text' }, { type: 'image' }],
    });
  });

  it('no tool starts at all, and looking needs no second look', async () => {
    const id = await begin(
      { content: [bash('echo ran'), screen('screenshot'), screen('key', { text: 'a' })] },
      done,
    );
    await take(id);
    await service.post(id, 'go');
    await service.until(id, 'model.responded');
    await release(id);
    await service.until(id, 'turn.completed');
    const types = (await service.history(id)).map(({ type }) => type);
    expect(types.indexOf('tool.started')).toBeGreaterThan(types.indexOf('control.released'));
    expect(resultsIn(2)).toMatchObject([
      { content: 'ran\n' },
      { content: [picture()] },
      { is_error: true, content: [{ type: 'text' }] },
      picture() as object,
    ]);
  });

  it('Host ends a lease whose time is over', async () => {
    const id = await begin({ content: [bash('echo ran')] }, done);
    await take(id, 0.3);
    await service.post(id, 'go');
    expect(await service.until(id, 'control.released')).toMatchObject({
      actor: 'host',
      data: { lease_id: 'l1', reason: 'expired' },
    });
    await service.until(id, 'turn.completed');
    expect(resultsIn(2)).toMatchObject([{ content: 'ran\n' }]);
  });

  it('the turn can be interrupted', async () => {
    const id = await begin({ content: [bash('echo ran')] }, done);
    await take(id);
    await service.post(id, 'go');
    await service.until(id, 'model.responded');
    await service.interrupt(id);
    await service.until(id, 'turn.interrupted');
    await release(id);
    await service.post(id, 'again');
    await service.until(id, 'turn.completed');
    expect(claude?.requests).toHaveLength(2);
  });
});
