import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startScriptedModel, type ScriptedModel } from '#stand-in';
import { eventsUntil, natsServerOf, serviceOf, type SeenEvent } from '../support/events.js';
import { openShell, type UserShell } from '../support/shell.js';

const bash = (command: string) => ({ type: 'tool_use' as const, name: 'bash', input: { command } });
const text = (content: string) => ({ type: 'text' as const, text: content });

describe('killed without a word', () => {
  let model: ScriptedModel;
  let shell: UserShell;
  beforeEach(async () => {
    model = await startScriptedModel([
      {
        lastUserText: /slowly/,
        replies: [[bash('echo once >> code/count; sleep 60')], [text('I looked: it had begun.')]],
      },
      { replies: [[bash('echo again >> code/count')], [text('Done.')]] },
    ]);
    shell = await openShell({ ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'k' });
  });
  afterEach(async () => {
    await shell.dispose();
    await model.stop();
  });

  const post = (content: string, query = '') =>
    shell.json(`raworc api 'sessions/crash/messages${query}' -m post -b '{"content":"${content}"}'`);
  const is = (type: string, count = 1) => {
    let seen = 0;
    return (event: SeenEvent) => event.type === type && ++seen === count;
  };

  it('the service loses nothing and runs no tool twice', async () => {
    const { id } = await shell.json<{ id: string }>(
      `raworc api 'sessions?wait=idle' -m post -b '{"name":"crash"}'`,
    );
    await post('work slowly');
    await eventsUntil(shell, 'crash', is('tool.started'));
    await post('and then this');
    process.kill((await serviceOf(shell)).pid, 'SIGKILL');

    expect(await shell.json('raworc api sessions/crash')).toMatchObject({ id });
    const events = await eventsUntil(shell, 'crash', is('turn.completed', 2));
    const outcomes = events
      .filter(({ type }) => type === 'tool.completed')
      .map(({ data }) => data['outcome']);
    expect(outcomes).toEqual(['unknown', 'completed']);
    expect(await readFile(join(shell.home, 'computers', id, 'files/code/count'), 'utf8')).toBe(
      'once\nagain\n',
    );
    const messages = await shell.json<{ content: string }[]>('raworc api sessions/crash/messages');
    expect(messages.map(({ content }) => content)).toEqual([
      'work slowly',
      'and then this',
      'I looked: it had begun.',
      'Done.',
    ]);
  }, 120_000);

  it('nats-server is started again, with everything that was acknowledged', async () => {
    await shell.json(`raworc api 'sessions?wait=idle' -m post -b '{"name":"crash"}'`);
    await post('first', '?wait=reply');
    const { pid } = await serviceOf(shell);
    process.kill(await natsServerOf(shell), 'SIGKILL');
    await post('second', '?wait=reply');
    const messages = await shell.json<{ role: string }[]>('raworc api sessions/crash/messages');
    expect(messages.map(({ role }) => role)).toEqual(['user', 'host', 'user', 'host']);
    expect((await serviceOf(shell)).pid).toBe(pid);
  }, 120_000);
});
