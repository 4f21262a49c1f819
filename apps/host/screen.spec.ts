import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReleaseControl, ReportComputerDisrupted, ReportComputerStarted, TakeControl } from '#commands';
import type { ContentBlock } from '#domain';
import { startScriptedModel } from '#stand-in';
import { bash, screen, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const person = { actor: 'user:ada' };
const operator = { actor: 'operator' };
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

describe('Host at the screen', () => {
  it('looks, acts and looks again; events name the pictures, the model sees them', async () => {
    const id = await begin(
      { content: [screen('screenshot')] },
      { content: [screen('left_click', { coordinate: [640, 360] }), screen('type', { text: 'hello' })] },
      { content: [screen('screenshot')] },
      done,
    );
    await service.post(id, 'Say hello');
    await service.until(id, 'turn.completed');
    expect(service.screen.actions()).toMatchObject([{ do: 'click', at: [640, 360] }, { do: 'type' }]);
    expect(resultsIn(2)).toMatchObject([{ toolset_name: 'computer', content: [picture()] }]);
    expect(resultsIn(3)).toMatchObject([{ content: 'Clicked.' }, { content: 'Typed 5 characters.' }]);
    expect(resultsIn(4)).not.toEqual(resultsIn(2));
    const { data } = await service.until(id, 'tool.completed');
    expect(data.content).toMatchObject([{ type: 'image', source: { type: 'attachment' } }]);
    let before: unknown[] = [];
    for (const { messages } of claude?.requests ?? []) {
      expect(messages.slice(0, before.length)).toEqual(before);
      before = messages;
    }
  });

  it('is scripted by the stand-in as well', async () => {
    const look = { type: 'tool_use' as const, name: 'screenshot', toolset_name: 'computer', input: {} };
    const click = { ...look, name: 'left_click', input: { coordinate: [1, 2] } };
    const replies = [[look], [click, look], [{ type: 'text' as const, text: 'Clicked.' }]];
    const model = await startScriptedModel([{ lastUserText: /click/, replies }]);
    service = await Service.start(world, model.url, { settleMs: 0 });
    const id = await service.createSession({ desktop: true });
    await service.post(id, 'click it');
    await service.until(id, 'turn.completed');
    expect(model.requestCount()).toBe(3);
    await model.stop();
    expect(service.screen.actions()).toEqual([{ do: 'click', button: 'left', times: 1, at: [1, 2] }]);
  });

  it('does not go on acting after an action failed; other tools do', async () => {
    const id = await begin(
      {
        content: [
          screen('key', { text: 'a' }),
          screen('key', { text: 'NoSuchKey' }),
          bash('echo ran'),
          screen('screenshot'),
        ],
      },
      { content: [screen('key', { text: 'b' })] },
      done,
    );
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    expect(resultsIn(2)).toMatchObject([
      { content: 'Pressed a.' },
      { is_error: true, content: 'NoSuchKey is not a key.' },
      { content: 'ran\n' },
      { is_error: true, content: SKIPPED, toolset_name: 'computer' },
    ]);
    expect(resultsIn(3)).toMatchObject([{ content: 'Pressed b.' }]);
    const started = (await service.history(id)).filter(({ type }) => type === 'tool.started');
    expect(started).toHaveLength(4);
  });
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

describe('a computer that dies under a tool', () => {
  const disrupt = async (id: string): Promise<void> => {
    await service.computers.stop(id);
    const detail = 'The memory was full.';
    await service.do(
      new ReportComputerDisrupted(id, { reason: 'out_of_memory', detail, running: false }, operator),
    );
  };
  const revive = async (id: string): Promise<void> => {
    const { computerId } = await service.computers.start(id);
    const report = { driver: 'local', node: 'spec', image: null, computer_id: computerId, took_ms: 1 };
    await service.do(new ReportComputerStarted(id, { ...report, origin: 'restarted' }, operator));
  };

  it('leaves an unknown outcome, and the turn goes on when it is back', async () => {
    const id = await begin(
      { content: [bash('echo ran >> data/count; echo said; sleep 600'), bash('cat data/count')] },
      done,
    );
    await service.post(id, 'go');
    await service.until(id, 'tool.started');
    while (!(await service.readFile(id, 'data/count').catch(() => ''))) await new Promise(setImmediate);
    await disrupt(id);
    await service.until(id, 'tool.completed');
    await revive(id);
    await service.until(id, 'turn.completed');
    expect(resultsIn(2)).toMatchObject([
      {
        is_error: true,
        content: expect.arrayContaining([
          { type: 'text', text: expect.stringMatching(/computer stopped .* outcome is unknown/) },
        ]),
      },
      { content: 'ran\n' },
    ]);
    expect((await service.until(id, 'tool.completed')).data.outcome).toBe('unknown');
  });

  it('does not get an action twice', async () => {
    const id = await begin(
      { content: [screen('type', { text: 'once' })] },
      { content: [screen('screenshot')] },
      done,
    );
    service.screen.onInput = async (_action, sessionId) => {
      service.screen.events.push({ at: 0, saw: 'input', action: { do: 'type', text: 'half' } });
      await disrupt(sessionId);
      await revive(sessionId);
      await service.computers.input('0199c0de-0000-7000-8000-000000000009', { do: 'type', text: '' });
    };
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    expect(service.screen.actions()).toEqual([{ do: 'type', text: 'half' }]);
    expect((await service.until(id, 'tool.completed')).data).toMatchObject({
      outcome: 'unknown',
      is_error: true,
    });
    expect(resultsIn(3)).toMatchObject([{ content: [picture()] }]);
  });
});
