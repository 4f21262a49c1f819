import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli, startCli, temporaryHome, type CliOptions } from './testing/run-cli.js';
import { sendJson, sendProblem, StandInServer } from './testing/stand-in-server.js';

let server: StandInServer;
let home: ReturnType<typeof temporaryHome>;

beforeEach(async () => {
  server = await StandInServer.start();
  home = temporaryHome();
});

afterEach(async () => {
  await server.stop();
  home.remove();
});

function options({ env, ...rest }: CliOptions = {}): CliOptions {
  return { ...rest, env: { ...server.env, RAWORC_HOME: home.path, ...env } };
}

describe('raworc session with lines from a pipe', () => {
  it('answers line by line, in order, and exits at the end of the input', async () => {
    const { stdout, stderr, code } = await runCli(
      ['session'],
      options({ stdin: 'First question\n\nFollow-up\n' }),
    );
    expect({ stdout, code }).toEqual({ stdout: 'You said: First question\nYou said: Follow-up\n', code: 0 });
    expect(stderr).toContain('Session quiet-otter-1 (0198f000-0000-7000-8000-000000000001)');
    expect(stderr).toContain('raworc session restore quiet-otter-1');
  });

  it('does not wait for the answer to a message whose session was given up before anybody followed', async () => {
    const session = server.createSession({ state: 'closed' });
    session.post('left waiting');
    server.intercept = ({ method, path }, response) => {
      if (method !== 'POST' || !path.endsWith('/restore')) return false;
      session.view.error = 'There is no image nowhere/none.';
      session.append('session.restored', { reason: 'requested' });
      session.append('computer.failed', { reason: session.view.error, attempt: 1, gave_up: true });
      sendJson(response, 200, { ...session.view, state: 'init' }, session.sequence);
      return true;
    };
    const restore = ['session', 'restore', session.view.name];
    const { stdout, stderr, code } = await runCli(restore, options({ stdin: '' }));
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
    expect(stderr).toContain('There is no image nowhere/none. The session is closed');
  });

  it('sends the key of the environment as a secret when it creates', async () => {
    await runCli(['session'], options({ env: { ANTHROPIC_API_KEY: 'sk-ant-of-the-env' } }));
    const [created] = server.requests('POST', /\/sessions$/);
    expect(JSON.parse(created?.body ?? '')).toEqual({ secrets: { ANTHROPIC_API_KEY: 'sk-ant-of-the-env' } });
  });

  it('takes a prompt of several lines from a pipe or a file, as one message', async () => {
    const prompt = 'Explain this:\n\n  a\n  b';
    const piped = await runCli(['session', '--prompt-file', '-'], options({ stdin: prompt }));
    expect(piped).toMatchObject({ code: 0, stdout: `You said: ${prompt}\n` });
    const file = join(home.path, 'prompt.txt');
    writeFileSync(file, prompt);
    const again = await runCli(['session', '--prompt-file', file], options());
    expect(again.code).toBe(0);
    const posted = server.requests('POST', /\/messages$/).map(({ body }) => JSON.parse(body) as object);
    expect(posted).toEqual([{ content: prompt }, { content: prompt }]);
  });

  it('refuses a prompt file that is empty or not there', async () => {
    const empty = await runCli(['session', '--prompt-file', '-'], options({ stdin: ' \n' }));
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('empty') });
    const missing = await runCli(['session', '--prompt-file', '/nowhere'], options());
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('/nowhere') });
    expect(server.seen).toEqual([]);
  });

  it('takes the flags of a session', async () => {
    const flags = [
      '-n',
      'sales',
      '-t',
      '60',
      '-S',
      '{"DB":"x"}',
      '-i',
      'Be brief',
      '-s',
      'make',
      '-m',
      'claude-x',
    ];
    await runCli(['session', 'start', ...flags], options());
    expect(JSON.parse(server.requests('POST', /\/sessions$/)[0]?.body ?? '')).toEqual({
      name: 'sales',
      timeout_seconds: 60,
      secrets: { DB: 'x' },
      instructions: 'Be brief',
      setup: 'make',
      model: 'claude-x',
    });
  });

  it('waits for the answer to the prompt that was given as a flag', async () => {
    const { stdout, code } = await runCli(['session', '-p', 'Begin'], options());
    expect({ stdout, code }).toEqual({ stdout: 'You said: Begin\n', code: 0 });
  });

  it('shows tools beside the replies, not among them', async () => {
    server.host = async (session, id) => {
      session.startTurn(id);
      session.runTool('bash', { command: 'python3 x.py' }, { content: 'fine' });
      session.runTool('bash', { command: 'false' }, { content: 'exit code 1\nmore', is_error: true });
      session.say('Done.');
      session.endTurn();
    };
    const { stdout, stderr } = await runCli(['session'], options({ stdin: 'Go\n' }));
    expect(stdout).toBe('Done.\n');
    expect(stderr).toContain(
      '→ bash: python3 x.py\n← ok 120 ms: fine\n→ bash: false\n← error 120 ms: exit code 1 …\n',
    );
  });

  it('lets nothing that a tool printed take over the terminal, and leaves replies exact', async () => {
    server.host = async (session, id) => {
      session.startTurn(id);
      session.runTool('bash', { command: 'cat\u001b[2J' }, { content: 'a\u001b]52;c;aGk=\u0007b\u009bc' });
      session.say('One\u001b[1m.');
      session.endTurn();
    };
    const { stdout, stderr } = await runCli(['session'], options({ stdin: 'Go\n' }));
    expect(stdout).toBe('One\u001b[1m.\n');
    expect(stderr).toContain('→ bash: cat[2J\n← ok 120 ms: a]52;c;aGk=bc\n');
  });

  it('exits with 1 when the last turn failed', async () => {
    server.host = async (session, id, content) => {
      if (content === 'good') return session.answer(id, 'Good.');
      session.startTurn(id);
      session.failTurn('model_unavailable', 'Claude did not answer.');
    };
    const failed = await runCli(['session'], options({ stdin: 'good\nbad\n' }));
    expect(failed).toMatchObject({ stdout: 'Good.\n', code: 1 });
    expect(failed.stderr).toContain('Host could not answer: Claude did not answer. (model_unavailable)');
    expect((await runCli(['session'], options({ stdin: 'bad\ngood\n' }))).code).toBe(0);
  });

  it('exits with 1 when the computer gives up', async () => {
    server.host = async (session) =>
      session.append('computer.failed', { reason: 'No image.', attempt: 3, gave_up: true });
    const { code, stderr } = await runCli(['session'], options({ stdin: 'Hello\n' }));
    expect(code).toBe(1);
    expect(stderr).toContain('the computer did not start (attempt 3): No image.');
  });

  it('understands commands, and leaves at /quit', async () => {
    const { stdout, code } = await runCli(
      ['session', '-n', 'sales'],
      options({ stdin: '/status\n/quit\nnot sent\n' }),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ID: {11}0198f000-0000-7000-8000-000000000001\nName: {9}sales\nState: /);
    expect(server.requests('POST', /\/messages$/)).toEqual([]);
    expect(server.requests('POST', /\/close$/)).toEqual([]);
  });

  it('sends a path as a message, and refuses an unknown command', async () => {
    const { stdout, stderr, code } = await runCli(
      ['session'],
      options({ stdin: '/data/sales.csv is there\n/nonsense\n' }),
    );
    expect(stdout).toBe('You said: /data/sales.csv is there\n');
    expect(stderr).toContain('There is no command /nonsense.');
    expect(code).toBe(1);
  });

  it('goes on after a broken connection without losing or repeating anything', async () => {
    server.host = async (session, id) => {
      session.startTurn(id);
      session.say('Before.');
      session.dropStreams();
      session.say('Between.');
      session.endTurn();
    };
    const { stdout, stderr, code } = await runCli(['session'], options({ stdin: 'Go\n' }));
    expect({ stdout, code }).toEqual({ stdout: 'Before.\nBetween.\n', code: 0 });
    expect(stderr).toContain('connection lost');
    const [first, second] = server.requests('GET', /\/events/);
    expect(Number(second?.headers['last-event-id'])).toBeGreaterThan(Number(first?.headers['last-event-id']));
  });

  it('repeats a request whose work is done but not yet visible, with the same key', async () => {
    let lagging = true;
    server.intercept = ({ method, path }, response) => {
      const lags = lagging && method === 'POST' && path.endsWith('/sessions');
      lagging = false;
      if (lags) response.writeHead(202).end('{"sequence":1,"session_id":"x"}');
      return lags;
    };
    const { code } = await runCli(['session', '--no-attach'], options());
    const keys = server.requests('POST', /\/sessions$/).map(({ headers }) => headers['idempotency-key']);
    expect(code).toBe(0);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });

  it('interrupts the turn, not the session, when it is interrupted itself', async () => {
    server.host = async (session, id) => {
      session.startTurn(id);
      session.append('tool.started', { use_id: 'use', name: 'bash', input: { command: 'sleep 1000' } });
    };
    const running = startCli(['session'], options());
    running.child.stdin.write('Long work\n');
    await running.shows('→ bash: sleep 1000');
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(server.requests('POST', /\/interrupt$/)).toHaveLength(1);
    expect(server.requests('POST', /\/close$/)).toEqual([]);
  });

  it('says what to do when there is no key for the model', async () => {
    server.intercept = (_, response) => {
      sendProblem(response, 400, 'model_key_missing', 'There is no key for the model.');
      return true;
    };
    const { code, stdout, stderr } = await runCli(['session'], options({ stdin: 'Hello\n' }));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      'There is no key for the model. (model_key_missing)\nFor example: export ANTHROPIC_API_KEY=',
    );
  });
});
