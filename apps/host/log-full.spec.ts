import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { InterruptTurn } from '#commands';
import { openJetStreamStore, type JetStreamStore } from '#event-store';
import { startTestNats, type TestNats } from '#runtime';
import { bash, startClaude, text, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const FULL = 'The disk is full: 1.0 MiB are free. Make room on it.';

let nats: TestNats;
let log: JetStreamStore;
let world: World;
let claude: Claude;
let service: Service;
let id: string;
let shortage: string | undefined;

const space = { shortage: () => shortage, isExhausted: () => false, onLook: () => () => undefined };

const begin = async (answers: Parameters<typeof startClaude>[0]): Promise<void> => {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url);
  id = await service.createSession();
};

beforeAll(async () => {
  nats = await startTestNats();
});
beforeEach(async () => {
  shortage = undefined;
  log = await openJetStreamStore(await nats.connection(), { ackWaitMs: 1_000, space });
  world = await createWorld(log);
});
afterEach(async () => {
  shortage = undefined;
  await service.stop();
  await claude.stop();
  log.close();
  await world.remove();
});
afterAll(() => nats.stop());

const types = async (): Promise<string[]> =>
  (await service.history(id)).map(({ type }) => type).filter((type) => /^(model|tool|turn)\./.test(type));

describe('a turn on a log whose disk runs full', () => {
  it('keeps what its tool did, ends with a reason, and the next one goes on when there is room', async () => {
    await begin([
      {
        content: [
          bash('echo ran >> data/count; until [ -e data/full ]; do sleep 0.01; done; cat data/count'),
        ],
      },
      { content: [bash('echo again >> data/count')] },
      { content: [text('Went on.')] },
    ]);
    await service.post(id, 'work');
    await service.until(id, 'tool.started');
    shortage = FULL;
    await service.computers.writeFile(id, 'data/full', '');
    const failed = await service.until(id, 'turn.failed');
    expect(failed.data).toEqual({
      turn_id: expect.any(String),
      reason: 'log_full',
      message: expect.stringMatching(/^The disk is full: 1\.0 MiB.*is kept; post a message/),
    });
    const done = await service.until(id, 'tool.completed');
    expect(done.data).toMatchObject({ content: 'ran\n', is_error: false, outcome: 'completed' });
    await expect(service.post(id, 'more')).rejects.toMatchObject({ code: 'log_full' });
    shortage = undefined;
    await service.post(id, 'go on');
    await service.until(id, 'turn.completed');
    expect(await service.readFile(id, 'data/count')).toBe('ran\n');
    expect(await types()).toEqual([
      ...['turn.started', 'model.responded', 'tool.started', 'tool.completed', 'model.responded'],
      ...['tool.completed', 'turn.failed', 'turn.started', 'model.responded', 'turn.completed'],
    ]);
    expect(claude.requests).toHaveLength(3);
  });

  it('still gives the answer that is on its way', async () => {
    await begin(() => {
      shortage = FULL;
      return { content: [text('La.')] };
    });
    await service.post(id, 'sing');
    await service.until(id, 'turn.completed');
    expect((await service.until(id, 'model.responded')).data.content).toEqual([text('La.')]);
  });

  it('can be interrupted while a tool runs', async () => {
    await begin([{ content: [bash('sleep 600')] }]);
    await service.post(id, 'work');
    await service.until(id, 'tool.started');
    shortage = FULL;
    await service.do(new InterruptTurn(id, {}, { actor: 'user:local' }));
    expect((await service.until(id, 'tool.completed')).data).toMatchObject({ outcome: 'interrupted' });
  });

  it('is followed by what waits, as soon as there is room', async () => {
    const posted = Promise.withResolvers<void>();
    await begin(async (_, n) => {
      await posted.promise;
      if (n === 1) shortage = FULL;
      return { content: [text(n === 1 ? 'First.' : 'Second.')] };
    });
    await service.post(id, 'one');
    await service.post(id, 'two');
    posted.resolve();
    await service.until(id, 'turn.completed');
    expect(claude.requests).toHaveLength(1);
    shortage = undefined;
    await service.until(id, 'turn.completed', 2);
    expect(claude.requests).toHaveLength(2);
  });
});
