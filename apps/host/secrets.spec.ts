import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamedDelta } from '#contracts';
import { bash, startClaude, text, use, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

const VALUE = 'correct horse/battery';
const BASE64 = Buffer.from(`user:${VALUE}`).toString('base64');

let world: World;
let claude: Claude;
let service: Service;
let id: string;

/** A session with a secret, which lies in a file of its computer. */
async function begin(answers: Answer[]): Promise<void> {
  claude = await startClaude(answers);
  service = await Service.start(world, claude.url, { bash: { maxCharacters: 200 } });
  id = await service.createSession({ secrets: { DB_PASSWORD: VALUE } });
  await service.computers.writeFile(id, 'data/key', VALUE);
}

async function toolAnswers(): Promise<unknown[]> {
  const history = await service.history(id);
  return history.flatMap((event) => (event.type === 'tool.completed' ? [event.data.content] : []));
}

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await service.stop();
  await claude.stop();
  await world.remove();
});

describe('the values of secrets', () => {
  it.each([
    ['as they are', 'cat data/key', '[secret DB_PASSWORD]'],
    ['as an error', 'cat data/key >&2; (exit 3)', '[secret DB_PASSWORD]\nexit code 3'],
    ['in base64', `printf 'user:%s' "$(cat data/key)" | base64`, 'dXNlcjp[secret DB_PASSWORD]k=\n'],
    ['in background jobs', 'cat data/key & wait', /\[secret DB_PASSWORD\]/],
  ])('are hidden where a command prints them %s', async (_, command, shown) => {
    await begin([{ content: [bash(command)] }, { content: [text('Done.')] }]);
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    expect(await toolAnswers()).toEqual([typeof shown === 'string' ? shown : expect.stringMatching(shown)]);
    const kept = JSON.stringify(await service.history(id));
    expect(kept).not.toContain(VALUE);
    expect(kept).not.toContain(BASE64.slice(8, -4));
    expect(JSON.stringify(claude.requests.map(({ messages }) => messages))).not.toContain(VALUE);
  });

  it('are hidden where the middle of an output is left out', async () => {
    const command = 'printf %095d 0; cat data/key; printf %0200d 0';
    await begin([{ content: [bash(command)] }, { content: [text('Done.')] }]);
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    const [shown] = await toolAnswers();
    expect(shown).toMatch(/characters left out/);
    expect(shown).not.toContain(VALUE.slice(0, 4));
  });

  it('are hidden in a file that is shown, which stays as it is', async () => {
    const view = use('str_replace_based_edit_tool', { command: 'view', path: 'data/key' });
    await begin([{ content: [view] }, { content: [text('Done.')] }]);
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    expect(await toolAnswers()).toEqual([expect.stringContaining('[secret DB_PASSWORD]')]);
    expect(Buffer.from(await service.computers.readFile(id, 'data/key')).toString()).toBe(VALUE);
  });

  it('are hidden in what is shown of a reply as it comes; the reply itself is not altered', async () => {
    const said = `Your password is ${VALUE}, is it not?`;
    await begin([{ content: [text(said)] }]);
    const listening = new AbortController();
    const shown: string[] = [];
    const heard = (async () => {
      for await (const delta of world.log.signals.subscribe(`deltas.${id}`, listening.signal)) {
        shown.push((delta as StreamedDelta).text);
      }
    })();
    await service.post(id, 'go');
    const { data } = await service.until(id, 'model.responded');
    listening.abort();
    await heard;
    expect(shown.join('')).toBe('Your password is [secret DB_PASSWORD], is it not?');
    expect(shown.length).toBeGreaterThan(1);
    expect(data.content).toEqual([text(said)]);
  });

  it('are hidden in why a turn failed, and so is the key for Claude', async () => {
    const message = `no such thing: ${VALUE} sk-ant-service`;
    await begin([{ status: 400, type: 'invalid_request_error', message }]);
    await service.post(id, 'go');
    const { data } = await service.until(id, 'turn.failed');
    expect(data.message).toContain('no such thing: [secret DB_PASSWORD]');
    expect(JSON.stringify(await service.history(id))).not.toMatch(/horse|sk-ant/);
  });
});
