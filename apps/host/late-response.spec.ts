import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CloseSession, DeleteSession } from '#commands';
import type { StreamedDelta } from '#contracts';
import type { ContentBlock, EventEnvelope } from '#domain';
import { eventsOf } from '#stand-in';
import { bash, startClaude, text, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const user = { actor: 'user:local' };
const thinking: ContentBlock = { type: 'thinking', thinking: 'They want a song.', signature: 'sig' };
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

/** What watchers of the session see of its replies as they come. */
function watch(sessionId: string): { said: () => string; until: (words: string) => Promise<void> } {
  let said = '';
  let look = (): void => undefined;
  const follow = async (): Promise<void> => {
    for await (const payload of world.log.signals.subscribe(
      `deltas.${sessionId}`,
      new AbortController().signal,
    )) {
      said += (payload as StreamedDelta).text;
      look();
    }
  };
  void follow();
  const until = (words: string): Promise<void> =>
    new Promise((resolve) => {
      look = () => said.endsWith(words) && resolve();
      look();
    });
  return { said: () => said, until };
}

const responses = async (id: string): Promise<Extract<EventEnvelope, { type: 'model.responded' }>[]> =>
  (await service.history(id)).filter((event) => event.type === 'model.responded');

describe('a reply that is interrupted', () => {
  it('stays as far as it was seen, and the model knows what it said', async () => {
    const use = bash('echo never');
    const content = [thinking, text('I sing.\n'), use, text('La la la, '), text('la')];
    const id = await begin({ content, silentAfter: 15 }, { content: [text('Yes.')] });
    const { until } = watch(id);
    await service.post(id, 'Sing');
    await until('La la la, ');
    await service.interrupt(id);
    await service.post(id, 'Enough?');
    await service.until(id, 'turn.completed');
    const kept = [thinking, text('I sing.\n'), use, text('La la la, ')];
    const [response] = await responses(id);
    expect(response?.data).toMatchObject({ content: kept, stop_reason: 'interrupted' });
    expect(claude.requests[1]?.messages).toEqual([
      { role: 'user', content: 'Sing' },
      { role: 'assistant', content: kept },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: use['id'],
            is_error: true,
            content: 'Not executed: the turn was ended.',
          },
        ],
      },
      {
        role: 'user',
        content: [text(expect.stringContaining('was interrupted') as unknown as string), text('Enough?')],
      },
    ]);
  });

  it('leaves a history that the API takes, wherever it was', async () => {
    const reply = { content: [thinking, text('I sing.\n'), bash('echo never'), text('La la la,')] };
    const usage = { input_tokens: 1, output_tokens: 1 };
    const points = [...eventsOf({ ...reply, model: 'm', usage })].length - 1;
    claude = await startClaude((_request, n) =>
      n % 2 === 1 ? { ...reply, silentAfter: (n + 1) / 2 } : { content: [text('Yes.')] },
    );
    service = await Service.start(world, claude.url);
    const id = await service.createSession();
    for (let point = 1; point <= points; point++) {
      await service.post(id, 'Sing');
      await claude.request(2 * point - 1);
      await service.interrupt(id);
      await service.post(id, 'Enough?');
      await service.until(id, 'turn.completed', point);
    }
    expect(claude.requests).toHaveLength(2 * points);
    for (const [index, { messages }] of claude.requests.entries()) {
      const before = claude.requests[index - 1]?.messages ?? [];
      expect(messages.slice(0, before.length)).toEqual(before);
    }
    const seen = (await responses(id)).filter(({ data }) => data.stop_reason === 'interrupted');
    for (const { data } of seen) {
      for (const block of data.content.filter(({ type }) => type !== 'text'))
        expect(reply.content).toContainEqual(block);
    }
  });

  it('stays when the session is closed, and is not asked for when it is deleted', async () => {
    const singing: Answer = { begins: 'La la', then: 'silence' };
    const id = await begin(singing, singing);
    const closed = watch(id);
    await service.post(id, 'Sing');
    await closed.until('La la');
    await service.do(new CloseSession(id, { reason: 'requested' }, user));
    const { data, sessionversion } = await service.until(id, 'model.responded');
    expect(data.content).toEqual([text('La la')]);
    expect(sessionversion).toBe((await service.until(id, 'session.closed')).sessionversion + 1);

    const other = await service.createSession();
    const deleted = watch(other);
    await service.post(other, 'Sing');
    await deleted.until('La la');
    await service.do(new DeleteSession(other, { erase: false }, user));
    await claude.left(2);
    await service.stop();
    expect((await service.history(other)).at(-1)?.type).toBe('session.deleted');
  });

  it('stays whole when it was complete before anybody could stop it', async () => {
    const { store } = world.log;
    const blind: World = {
      ...world,
      log: {
        ...world.log,
        store: Object.assign(Object.create(store) as typeof store, {
          // Host hears of no interrupt.
          follow: (options: Parameters<typeof store.follow>[0]) =>
            store.follow(options.sessionId === undefined ? { ...options, sessionId: 'nobody' } : options),
        }),
      },
    };
    const reply = { content: [text('La.'), bash('echo never')] };
    claude = await startClaude(async (_request, n) => {
      if (n === 2) return { content: [text('Yes.')] };
      await service.interrupt(id);
      return reply;
    });
    service = await Service.start(blind, claude.url);
    const id = await service.createSession();
    await service.post(id, 'Sing');
    await service.until(id, 'model.responded');
    await service.post(id, 'Enough?');
    await service.until(id, 'turn.completed');
    const [response] = await responses(id);
    expect(response?.data).toMatchObject({ ...reply, stop_reason: 'tool_use' });
    expect((await service.history(id)).some(({ type }) => type === 'tool.started')).toBe(false);
  });

  it('is lost when the service stops, and asked for anew', async () => {
    const id = await begin({ begins: 'La la', then: 'silence' }, { content: [text('Yes.')] });
    const { until } = watch(id);
    await service.post(id, 'Sing');
    await until('La la');
    await service.stop();
    service = await Service.start(world, claude.url, { live: { live: () => [id], position: () => 0 } });
    await service.until(id, 'turn.completed');
    expect((await responses(id)).map(({ data }) => data.content)).toEqual([[text('Yes.')]]);
    expect(claude.requests[1]?.messages).toEqual(claude.requests[0]?.messages);
  });
});
