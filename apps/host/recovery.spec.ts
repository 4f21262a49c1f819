import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalComputers } from '#computers';
import { RecordResponse, StartTool, StartTurn } from '#commands';
import type { ContentBlock } from '#domain';
import { createMemoryStore } from '#event-store';
import { bash, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const host = { actor: 'host' };
const usage = {
  input_tokens: 1,
  output_tokens: 1,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
};
let world: World;
let claude: Claude;
let service: Service;

const answering = async (...answers: Answer[]): Promise<void> => {
  claude = await startClaude(answers);
};

/** A session whose turn stands where a host died: after these steps. */
async function turnLeftAfter(content: ContentBlock[], ...started: ContentBlock[]): Promise<string> {
  service = await Service.start(world, claude.url, { withHost: false });
  const id = await service.createSession();
  await service.post(id, 'Work');
  const { data } = await service.until(id, 'message.posted');
  await service.do(new StartTurn(id, { turnId: 't1', messageIds: [data.message_id] }, host));
  const reply = { message_id: 'h1', model: 'claude', content, stop_reason: 'tool_use', usage };
  await service.do(
    new RecordResponse(id, { turn_id: 't1', ...reply, request_digest: 'd', took_ms: 1 }, host),
  );
  for (const use of started) {
    const step = { turn_id: 't1', use_id: String(use['id']), name: 'bash', input: use['input'] };
    await service.do(new StartTool(id, step, host));
  }
  await service.stop();
  return id;
}

const resultsIn = (n: number): unknown => claude.requests[n - 1]?.messages.at(-1)?.content;

beforeEach(async () => {
  world = await createWorld(createMemoryStore({ renewMs: 50, validMs: 150, takeAfterMs: 200 }));
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  await world.remove();
});

describe('a turn that a crash cut off', () => {
  it('tells the model that the outcome of the running tool is unknown, and runs the others', async () => {
    await answering({ content: [text('I checked.')] });
    const uses = [bash('echo 1 >> data/one'), bash('echo 2 >> data/two; cat data/*')];
    const id = await turnLeftAfter(uses, uses[0] as ContentBlock);
    service = await Service.start(world, claude.url);
    await service.until(id, 'turn.completed');
    expect(resultsIn(1)).toMatchObject([
      {
        tool_use_id: uses[0]?.['id'],
        is_error: true,
        content: expect.stringContaining('outcome is unknown'),
      },
      { tool_use_id: uses[1]?.['id'], content: '2\n' },
    ]);
  });

  it('never runs a tool twice', async () => {
    await answering({ content: [bash('echo ran >> data/count; sleep 600')] }, { content: [text('Done.')] });
    service = await Service.start(world, claude.url);
    const id = await service.createSession();
    await service.post(id, 'Work');
    await service.until(id, 'tool.started');
    await until(async () => (await service.readFile(id, 'data/count').catch(() => '')) !== '');
    await service.stop();
    service = await Service.start(world, claude.url);
    await service.until(id, 'turn.completed');
    expect(await service.readFile(id, 'data/count')).toBe('ran\n');
    expect(await service.until(id, 'tool.completed')).toMatchObject({
      data: { outcome: 'unknown', is_error: true },
    });
    expect(claude.requests).toHaveLength(2);
  });

  it('asks again when the reply was not on the log yet', async () => {
    await answering({ begins: 'I', then: 'silence' }, { content: [text('Here.')] });
    service = await Service.start(world, claude.url);
    const id = await service.createSession();
    await service.post(id, 'Work');
    await claude.request(1);
    await service.stop();
    service = await Service.start(world, claude.url);
    await service.until(id, 'turn.completed');
    expect(claude.requests[1]?.messages).toEqual(claude.requests[0]?.messages);
  });

  it('goes on when its computer has the secrets of the session again', async () => {
    await answering({ content: [text('I checked.')] });
    const uses = [bash('true'), bash('echo $TOKEN')];
    const id = await turnLeftAfter(uses, uses[0] as ContentBlock);
    const computers = createLocalComputers({ root: world.root, mode: 'unsafe' });
    const inspect = computers.inspect.bind(computers);
    let looks = 0;
    computers.inspect = async (sessionId) => {
      if (++looks === 2) await computers.start(sessionId, { env: { TOKEN: 'secret' } });
      return inspect(sessionId);
    };
    service = await Service.start(world, claude.url, { adopt: false, computers });
    await service.until(id, 'turn.completed');
    expect(resultsIn(1)).toMatchObject([{ is_error: true }, { content: 'secret\n' }]);
  });

  it('is found at the start even when no event comes again', async () => {
    await answering({ content: [text('Done.')] });
    const id = await turnLeftAfter([bash('echo 1')]);
    const past = new AbortController();
    await world.log.store.consume({
      durable: 'host',
      types: new Set(['message.posted']),
      signal: past.signal,
      concurrency: 1,
      handle: async () => past.abort(),
    });
    service = await Service.start(world, claude.url, { live: { live: () => [id], position: () => 0 } });
    await service.until(id, 'turn.completed');
    expect(resultsIn(1)).toMatchObject([{ content: '1\n' }]);
  });

  it('is left alone while another process works on it, and taken over when that one gives it up', async () => {
    await answering({ content: [text('Other.')] }, { content: [text('Done.')] });
    const id = await turnLeftAfter([bash('echo 1')]);
    const holder = { node: 'oak', process: 'p', where: 'oak', since: 0 };
    const lease = await world.log.leases.take(`turn_${id}`, { holder });
    service = await Service.start(world, claude.url, { live: { live: () => [id], position: () => 0 } });
    await service.post(id, 'More');
    const other = await service.createSession();
    await service.post(other, 'Hello');
    await service.until(other, 'turn.completed');
    expect((await service.history(id)).at(-1)?.type).toBe('message.posted');
    await lease.release();
    await service.until(id, 'turn.completed');
    expect(resultsIn(2)).toMatchObject([{ content: '1\n' }]);
  });

  it('is stopped in a process that another one replaced', async () => {
    await answering({ begins: 'I', then: 'silence' });
    service = await Service.start(world, claude.url);
    const id = await service.createSession();
    const holder = { node: 'oak', process: 'p', where: 'oak', since: 0 };
    const take = () => world.log.leases.take(`turn_${id}`, { holder, isDead: () => true });
    await service.post(id, 'Work');
    await claude.request(1);
    const taken = await take();
    await claude.left(1);
    await taken.confirm();
    expect((await service.history(id)).at(-1)?.type).toBe('turn.started');
    await taken.release();
  });
});

/** Looks again until it holds; the condition is on a disk that tells nobody when it changes. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
