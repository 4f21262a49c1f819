import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ReleaseControl, TakeControl } from '#commands';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { bash, screen, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

let nats: TestNats;
let log: JetStreamStore;
let world: World;
let claude: Claude;
let service: Service;

const begin = async (...answers: Answer[]): Promise<string> => {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url);
  return service.createSession();
};

beforeAll(async () => {
  nats = await startTestNats();
});
beforeEach(async () => {
  log = await openJetStreamStore(await nats.connection(), { ackWaitMs: 1_000 });
  world = await createWorld(log);
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  log.close();
  await world.remove();
});
afterAll(() => nats.stop());

describe('Host on JetStream', () => {
  it('works through the messages of a session', async () => {
    const id = await begin(
      { content: [bash('echo 1')] },
      { content: [text('One.')] },
      { content: [text('Two.')] },
    );
    await service.post(id, 'first');
    await service.post(id, 'second');
    await service.until(id, 'turn.completed', 2);
    expect(claude.requests[2]?.messages).toHaveLength(5);
  });

  it('stops for an interrupt', async () => {
    const id = await begin({ content: [bash('sleep 600')] }, { content: [text('Yes.')] });
    await service.post(id, 'Work');
    await service.until(id, 'tool.started');
    await service.interrupt(id);
    await service.post(id, 'Still there?');
    await service.until(id, 'turn.completed');
  });

  it('goes on with a turn that another life of the service began', async () => {
    const id = await begin({ begins: 'I', then: 'silence' }, { content: [text('Here.')] });
    await service.post(id, 'Work');
    await claude.request(1);
    await service.stop();
    service = await Service.start(world, claude.url);
    await service.until(id, 'turn.completed');
    expect((await service.history(id)).filter(({ type }) => type === 'turn.started')).toHaveLength(1);
  });

  it('waits for a person whom another process lets at the desktop, and then shows the screen', async () => {
    claude = await startClaude([
      { content: [screen('left_click', { coordinate: [1, 2] })] },
      { content: [screen('screenshot')] },
      { content: [text('Seen.')] },
    ]);
    service = await Service.start(world, claude.url, { settleMs: 0 });
    const id = await service.createSession({ desktop: true });
    const door = await Service.start(world, claude.url, { withHost: false });
    try {
      const person = { actor: 'user:ada' };
      await door.do(new TakeControl(id, { leaseId: 'l1', seconds: 600 }, person));
      await service.post(id, 'Click');
      await service.until(id, 'model.responded');
      await door.do(new ReleaseControl(id, { leaseId: 'l1', reason: 'returned' }, person));
    } finally {
      await door.stop();
    }
    await service.until(id, 'turn.completed');
    const picture = { type: 'image', source: { type: 'base64' } };
    expect(claude.requests[1]?.messages.at(-1)?.content).toMatchObject([{ is_error: true }, picture]);
    expect(claude.requests[2]?.messages.at(-1)?.content).toMatchObject([{ content: [picture] }]);
  });
});
