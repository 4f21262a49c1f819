import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ReportComputerDisrupted, ReportComputerStarted } from '#commands';
import type { ContentBlock } from '#domain';
import { startScriptedModel } from '#stand-in';
import { bash, screen, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const operator = { actor: 'operator' };
const SKIPPED = 'Not executed: an earlier computer action in this turn failed.';
const done: Answer = { content: [text('Done.')] };
let world: World;
let claude: Claude | undefined;
let service: Service;

const begin = async (...answers: Answer[]): Promise<string> => {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url, { settleMs: 0 });
  return service.createSession({ desktop: true });
};

/** The results that the n-th request brought. */
const resultsIn = (n: number): ContentBlock[] =>
  claude?.requests[n - 1]?.messages.at(-1)?.content as ContentBlock[];
const picture = (): unknown => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/jpeg', data: expect.any(String) },
});

beforeEach(async () => {
  claude = undefined;
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

  it('but was only paused has lost no program, and what the tool says holds', async () => {
    const waiting = 'echo begun > data/begun; until [ -e data/end ]; do sleep 0.02; done; echo ended; exit 3';
    const id = await begin({ content: [bash(waiting)] }, done);
    await service.post(id, 'go');
    await service.until(id, 'tool.started');
    while (!(await service.readFile(id, 'data/begun').catch(() => ''))) await new Promise(setImmediate);
    const paused = { reason: 'paused' as const, detail: 'By hand.', running: false };
    await service.do(new ReportComputerDisrupted(id, paused, operator));
    await revive(id);
    await service.computers.writeFile(id, 'data/end', '');
    await service.until(id, 'turn.completed');
    expect((await service.until(id, 'tool.completed')).data).toMatchObject({
      outcome: 'failed',
      is_error: true,
    });
    const told = JSON.stringify(resultsIn(2));
    expect(told).toMatch(/ended.*paused by hand.*have not ended/s);
    expect(told).not.toMatch(/stopped while|Programs that ran on it are gone/);
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
