import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamedDelta } from '#contracts';
import { startScriptedModel } from '#stand-in';
import { eventually } from '../../test/support/eventually.js';
import { bash, startClaude, text, use, type Answer, type Claude } from './testing/claude.js';
import { createWorld, Service, type World } from './testing/service.js';

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
  await claude?.stop();
  await world.remove();
});

const sortProgram = `printf '%s\\n' "$@" | sort -n
`;

describe('a turn with tools', () => {
  it('writes a program, runs it and says so, each step on the log before the next', async () => {
    const id = await begin(
      {
        content: [
          text('I write it.'),
          use('str_replace_based_edit_tool', {
            command: 'create',
            path: 'code/sort.sh',
            file_text: sortProgram,
          }),
        ],
      },
      { content: [bash('cd code && bash sort.sh 3 1 2'), bash('pwd; false')] },
      { content: [text('It works.')] },
    );
    await service.post(id, 'Write a program that sorts numbers');
    await service.until(id, 'turn.completed');
    expect((await service.history(id)).slice(2).map(({ type }) => type)).toEqual([
      'message.posted',
      'turn.started',
      'model.responded',
      'tool.started',
      'tool.completed',
      'model.responded',
      'tool.started',
      'tool.completed',
      'tool.started',
      'tool.completed',
      'model.responded',
      'turn.completed',
    ]);
    const results = claude.requests[2]?.messages.at(-1)?.content;
    expect(results).toMatchObject([
      { type: 'tool_result', content: '1\n2\n3\n' },
      { type: 'tool_result', content: expect.stringMatching(/code\nexit code 1$/) },
    ]);
    expect(results).not.toContainEqual(expect.objectContaining({ is_error: true }));
  });

  it('sends requests of which each begins with the one before', async () => {
    const id = await begin(
      { content: [bash('echo 1')] },
      { content: [text('One.')] },
      { content: [bash('echo 2')] },
      { content: [text('Two.')] },
    );
    await service.post(id, 'first');
    await service.until(id, 'turn.completed');
    await service.post(id, 'second');
    await service.until(id, 'turn.completed', 2);
    const [first, ...later] = claude.requests;
    let before = first?.messages ?? [];
    for (const { messages, system, tools, model } of later) {
      expect(messages.slice(0, before.length)).toEqual(before);
      expect({ system, tools, model }).toEqual({
        system: first?.system,
        tools: first?.tools,
        model: first?.model,
      });
      before = messages;
    }
    expect(before).toHaveLength(7);
  });

  it('leaves a log of the turn in the computer', async () => {
    const id = await begin(
      { content: [bash('exit_with() { return $1; }; exit_with 3')] },
      { content: [text('Done.')] },
    );
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    const [link, log] = await service.computers.listFiles(id, 'logs');
    expect(log?.path).toMatch(/^logs\/host_\d{8}_\d{6}_\d{3}\.log$/);
    // A turn does not wait for the last line of its log.
    let lines = '';
    await eventually(async () => {
      lines = await service.readFile(id, log?.path ?? '');
      return /turn \S+ completed\n$/.test(lines);
    });
    expect(lines).toMatch(/bash completed in \d+ ms, exit code 3\n/);
    expect(lines).not.toContain('sk-ant');
    expect(link).toMatchObject({ path: 'logs/host_*.log', type: 'link' });
    const argv = ['cat', 'logs/host_*.log'];
    const { output } = await service.computers.exec(id, argv, { timeoutMs: 5_000, maxOutputBytes: 10_000 });
    expect(output).toBe(lines);
  });

  it('keeps that log as the turn goes', async () => {
    const id = await begin(
      { content: [bash('until grep -qs answered "logs/host_*.log"; do sleep 0.01; done; echo read')] },
      { content: [text('Done.')] },
    );
    await service.post(id, 'go');
    await service.until(id, 'turn.completed');
    expect((await service.until(id, 'tool.completed')).data.content).toBe('read\n');
  });

  it('tells the model about a command that never ends', async () => {
    claude = await startClaude([
      { content: [bash('echo begun; sleep 600')] },
      { content: [text('Too long.')] },
    ]);
    service = await Service.start(world, claude.url, { bash: { timeoutMs: 300 } });
    const id = await service.createSession();
    await service.post(id, 'wait');
    await service.until(id, 'turn.completed');
    expect(claude.requests[1]?.messages.at(-1)?.content).toMatchObject([
      { is_error: true, content: expect.stringMatching(/^begun\nThe command did not end within 0.3 s/) },
    ]);
  });
});

describe('messages', () => {
  it('streams the reply as it comes, under the id that it will have', async () => {
    const id = await begin({ content: [text('A reply in several pieces.')] });
    const listening = new AbortController();
    const deltas: StreamedDelta[] = [];
    const heard = (async () => {
      for await (const delta of world.log.signals.subscribe(`deltas.${id}`, listening.signal)) {
        deltas.push(delta as StreamedDelta);
      }
    })();
    await service.post(id, 'hello');
    const { data } = await service.until(id, 'model.responded');
    listening.abort();
    await heard;
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map((delta) => delta.text).join('')).toBe('A reply in several pieces.');
    expect(new Set(deltas.map(({ message_id }) => message_id))).toEqual(new Set([data.message_id]));
    const recorded = await world.log.store.read(id);
    const started = recorded.findIndex(({ event }) => event.type === 'turn.started');
    expect(new Set(deltas.map(({ after }) => after))).toEqual(new Set([recorded[started]?.sequence]));
  });

  it('are answered one after the other, in the order in which they came', async () => {
    const id = await begin(
      { content: [bash('echo 1')] },
      { content: [text('One.')] },
      { content: [text('Two.')] },
    );
    await Promise.all([service.post(id, 'first'), service.post(id, 'second')]);
    await service.until(id, 'turn.completed', 2);
    const asked = (n: number): unknown[] =>
      claude.requests[n]?.messages
        .filter(({ content }) => typeof content === 'string')
        .map(({ content }) => content) ?? [];
    expect(asked(1)).toEqual(['first']);
    expect(asked(2)).toEqual(['first', 'second']);
  });

  it('are answered in many sessions at once', async () => {
    claude = await startClaude(({ messages }) => ({
      content: [text(`You said: ${JSON.stringify(messages.at(-1)?.content)}`)],
    }));
    service = await Service.start(world, claude.url);
    const ids = await Promise.all(Array.from({ length: 8 }, () => service.createSession()));
    await Promise.all(ids.map((id) => service.post(id, id)));
    for (const id of ids) {
      const { data } = await service.until(id, 'model.responded');
      expect(data.content).toEqual([text(`You said: "${id}"`)]);
      await service.until(id, 'turn.completed');
    }
  });

  it('go to the scripted stand-in as well', async () => {
    const model = await startScriptedModel([
      {
        lastUserText: /ping/,
        replies: [
          [{ type: 'tool_use', name: 'bash', input: { command: 'echo pong' } }],
          [{ type: 'text', text: 'pong' }],
        ],
      },
    ]);
    claude = await startClaude([]);
    service = await Service.start(world, model.url);
    const id = await service.createSession();
    await service.post(id, 'ping');
    await service.until(id, 'turn.completed');
    await model.stop();
    expect((await service.until(id, 'tool.completed')).data.content).toBe('pong\n');
  });
});
