import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClearMessages } from '#commands';
import { startMessagesServer, type Answer, type MessagesServer } from '#stand-in';
import { screen, text } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const MB = 1024 * 1024;
const user = { actor: 'user:local' };
const done: Answer = { content: [text('Done.')] };
const looks = (times: number): Answer => ({
  content: Array.from({ length: times }, () => screen('screenshot')),
});

type Asked = Parameters<Parameters<typeof startMessagesServer>[0]['answer']>[0];

let world: World;
let server: MessagesServer;
let service: Service;

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await server.stop();
  await world.remove();
});

async function begin(
  answer: (asked: Asked) => Answer | Promise<Answer>,
  pictureBytes: number,
  options: Parameters<typeof Service.start>[2] = {},
): Promise<void> {
  server = await startMessagesServer({ answer });
  service = await Service.start(world, server.url, { settleMs: 0, ...options });
  service.screen.pictureBytes = pictureBytes;
}

const saysAgain = ({ body }: Asked): boolean => JSON.stringify(body.messages.at(-1)).includes('again');
const picturesOf = ({ body }: Asked): number =>
  body.messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .filter(({ type }) => type === 'tool_result').length;

describe('a turn of 150 screenshots', () => {
  it('ends clearly where no request can hold them, and clearing its messages helps', async () => {
    const asked: number[] = [];
    await begin((request) => {
      asked.push(picturesOf(request));
      return saysAgain(request) ? done : looks(75);
    }, 220 * 1024);
    const id = await service.createSession({ desktop: true });
    await service.post(id, 'Look 150 times');
    const { data } = await service.until(id, 'turn.failed');
    expect(data).toMatchObject({
      reason: 'context_limit',
      message: expect.stringMatching(
        /has 150 pictures and 4\d(\.\d)? MB, more than the 32 MB .*Clear its messages/,
      ),
    });
    expect(asked).toEqual([0, 75]);
    await service.post(id, 'again');
    expect((await service.until(id, 'turn.failed', 2)).data).toMatchObject({ reason: 'context_limit' });
    await service.do(new ClearMessages(id, {}, user));
    await service.post(id, 'again');
    await service.until(id, 'turn.completed');
    expect(asked.slice(2)).toEqual([0]);
  });
});

describe('several sessions with many pictures at once', () => {
  it('share the memory for requests, and all are answered', async () => {
    let open = 0;
    let most = 0;
    const two = Promise.withResolvers<void>();
    const looked = Promise.withResolvers<void>();
    await begin(
      async (request) => {
        if (saysAgain(request)) return done;
        if (picturesOf(request) === 0) return looks(4);
        most = Math.max(most, ++open);
        if (open === 2) two.resolve();
        void once(request.response, 'close').then(() => open--);
        await looked.promise;
        return done;
      },
      1.5 * MB,
      { requestBytes: 17 * MB },
    );
    const ids = await Promise.all([1, 2, 3, 4].map(() => service.createSession({ desktop: true })));
    for (const id of ids) await service.post(id, 'Look');
    await Promise.all(ids.map((id) => service.until(id, 'tool.completed', 4)));
    await two.promise;
    // Meanwhile a small request passes; by then the others would have come, too.
    const small = await service.createSession();
    await service.post(small, 'again');
    await service.until(small, 'turn.completed');
    looked.resolve();
    await Promise.all(ids.map((id) => service.until(id, 'turn.completed')));
    expect(most).toBe(2);
  });
});
