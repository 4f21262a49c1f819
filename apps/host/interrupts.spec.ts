import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalComputers, type Computers } from '#computers';
import { CloseSession, DeleteSession } from '#commands';
import { bash, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const user = { actor: 'user:local' };
let world: World;
let claude: Claude;
let service: Service;

const begin = async (...answers: Answer[]): Promise<string> => {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url);
  return service.createSession();
};

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  await world.remove();
});

/** Real computers, but nobody ever hears of what is read there. */
function withoutAnswers(root: string): { computers: Computers; asked: Promise<void> } {
  const computers = createLocalComputers({ root, mode: 'unsafe' });
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const silent = (): Promise<never> => {
    resolve();
    return new Promise(() => undefined);
  };
  return { computers: Object.assign(computers, { readFile: silent, listFiles: silent }), asked };
}

describe('an interrupt', () => {
  it('hangs up on the model, and the next message works', async () => {
    const id = await begin({ begins: 'I will', then: 'silence' }, { content: [text('Yes.')] });
    await service.post(id, 'Delete everything');
    await claude.request(1);
    await service.interrupt(id);
    await claude.left(1);
    await service.post(id, 'Still there?');
    await service.until(id, 'turn.completed');
    expect(claude.requests[1]?.messages.at(-1)).toMatchObject({
      role: 'user',
      content: [{ text: expect.stringContaining('was interrupted') }, { text: 'Still there?' }],
    });
  });

  it('stops the running tool and those after it, and the next message works', async () => {
    const id = await begin(
      { content: [bash('echo begun > data/1; sleep 600; echo ended > data/1'), bash('echo 2 > data/2')] },
      { content: [bash('cat data/1; ls data')] },
      { content: [text('Stopped.')] },
    );
    await service.post(id, 'Work');
    await service.until(id, 'tool.started');
    await service.interrupt(id);
    await service.until(id, 'turn.interrupted');
    await service.post(id, 'What is there?');
    await service.until(id, 'turn.completed');
    const outcomes = (await service.history(id)).flatMap((event) =>
      event.type === 'tool.completed' ? [event.data.outcome] : [],
    );
    expect(outcomes).toEqual(['interrupted', 'not_executed', 'completed']);
    expect(claude.requests[2]?.messages.at(-1)?.content).toMatchObject([
      { content: expect.not.stringMatching(/ended|2/) },
    ]);
  });

  it('is the last line of the log of the turn', async () => {
    const id = await begin({ content: [bash('sleep 600')] }, { content: [text('Yes.')] });
    await service.post(id, 'Work');
    await service.until(id, 'tool.started');
    await service.interrupt(id);
    await service.post(id, 'How did it end?');
    await service.until(id, 'turn.completed');
    const logs = (await service.computers.listFiles(id, 'logs')).filter(({ type }) => type === 'file');
    const lines = await service.readFile(id, logs.map(({ path }) => path).sort()[0] ?? '');
    expect(lines).toMatch(
      /started\n.* answered in .*\n.* bash interrupted in \d+ ms\n.* turn \S+ interrupted by user:local\n$/,
    );
  });

  it('leaves a tool behind whose computer does not answer', async () => {
    const use = { command: 'view', path: 'data/1' };
    claude = await startClaude([
      { content: [{ type: 'tool_use', id: 'toolu_1', name: 'str_replace_based_edit_tool', input: use }] },
      { content: [text('Yes.')] },
    ]);
    const { computers, asked } = withoutAnswers(world.root);
    service = await Service.start(world, claude.url, { computers, toolEndMs: 20 });
    const id = await service.createSession();
    await service.post(id, 'Look');
    await asked;
    await service.interrupt(id);
    await service.post(id, 'Still there?');
    await service.until(id, 'turn.completed');
    expect(claude.requests).toHaveLength(2);
  });

  it.each([
    ['closing', (id: string) => new CloseSession(id, { reason: 'requested' }, user)],
    ['deleting', (id: string) => new DeleteSession(id, { erase: false }, user)],
    ['erasing', (id: string) => new DeleteSession(id, { erase: true }, user)],
  ])('comes with %s the session', async (_name, command) => {
    const id = await begin({ begins: 'I will', then: 'silence' });
    await service.post(id, 'Work');
    await claude.request(1);
    await service.do(command(id));
    await claude.left(1);
    const types = (await service.history(id)).map(({ type }) => type);
    expect(types.findLast((type) => type.startsWith('session.'))).toMatch(/closed|deleted|erased/);
  });

  it('of an earlier turn does not touch a later one', async () => {
    const id = await begin(
      { begins: 'One', then: 'silence' },
      { begins: 'Two', then: 'silence' },
      { content: [text('Three.')] },
    );
    await service.post(id, 'one');
    await service.post(id, 'two');
    await service.post(id, 'three');
    for (const n of [1, 2]) {
      await claude.request(n);
      await service.interrupt(id);
    }
    const { turn_id } = (await service.until(id, 'turn.completed')).data;
    const answers = (await service.history(id)).flatMap((event) =>
      event.type === 'model.responded' && event.data.turn_id === turn_id ? [event.data.content] : [],
    );
    expect(answers).toEqual([[text('Three.')]]);
  });
});
