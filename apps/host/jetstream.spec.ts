import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { bash, startClaude, text, type Answer, type Claude } from './testing/claude.js';
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
    service = await Service.start(world, claude.url, { exclusive: false });
    await service.until(id, 'turn.completed');
    expect((await service.history(id)).filter(({ type }) => type === 'turn.started')).toHaveLength(1);
  });
});
