import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli, startCli, temporaryHome, type CliResult } from './testing/run-cli.js';
import { StandInServer } from './testing/stand-in-server.js';

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

function environment(): Record<string, string> {
  return { ...server.env, RAWORC_HOME: home.path };
}

function session(...args: string[]): Promise<CliResult> {
  return runCli(['session', ...args], { env: environment() });
}

describe('raworc session', () => {
  it('only creates with --no-attach, and prints the id alone on stdout', async () => {
    const { stdout, stderr } = await session('--no-attach', '-p', 'Begin');
    expect(stdout).toBe('0198f000-0000-7000-8000-000000000001\n');
    expect(stderr).toContain('raworc session restore quiet-otter-1');
    expect(JSON.parse(server.requests('POST', /\/sessions$/)[0]?.body ?? '')).toMatchObject({
      prompt: 'Begin',
    });
  });

  it('gives the session with --json', async () => {
    const { stdout } = await session('--json', '-n', 'sales');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'sales', state: 'init' });
  });

  it.each([
    [['-S', '{"KEY":1}'], 'The secret KEY must be a text in quotes.'],
    [['-S', 'sk-secret'], 'The secrets are not valid JSON.'],
    [['--instructions-file', '/no/such/file'], '/no/such/file cannot be read'],
    [['-t', 'soon'], 'takes a whole number, not "soon"'],
    [['nonsense'], 'There is no command "session nonsense".'],
  ])('refuses %j before anything is sent', async (args, message) => {
    const { code, stderr } = await session(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('sk-secret');
    expect(server.seen).toEqual([]);
  });
});

describe('raworc session list, show, close and delete', () => {
  it('lists what there is, also by state', async () => {
    server.createSession({ name: 'one' });
    server.createSession({ name: 'two', state: 'closed' });
    const { stdout } = await session('list');
    expect(stdout.split('\n').map((line) => line.split(/\s+/).slice(0, 2))).toEqual([
      ['NAME', 'STATE'],
      ['one', 'idle'],
      ['two', 'closed'],
      [''],
    ]);
    const closed = await session('list', '--state', 'closed', '--json');
    expect(JSON.parse(closed.stdout)).toMatchObject([{ name: 'two' }]);
  });

  it('says so when there are none', async () => {
    expect(await session('list')).toMatchObject({
      stdout: '',
      stderr: 'There are no such sessions.\n',
      code: 0,
    });
  });

  it('shows one by its name', async () => {
    const { view } = server.createSession({ name: 'one' });
    expect((await session('show', 'one')).stdout).toContain(
      `ID:           ${view.id}\nName:         one\nState:        idle\n`,
    );
  });

  it('closes and deletes', async () => {
    const { view } = server.createSession({ name: 'one' });
    expect((await session('close', 'one')).stdout).toContain('one is closed.');
    expect(view.state).toBe('closed');
    expect(server.requests('POST', /\/close\?wait=kept$/)).toHaveLength(1);
    expect((await session('delete', 'one', '--erase', '--json')).stdout).toContain('"erased": true');
    expect(server.requests('DELETE', /one\?erase=true$/)).toHaveLength(1);
    expect(server.sessions).toEqual([]);
  });

  it('gives errors as JSON on stdout with --json', async () => {
    const { code, stdout } = await session('show', 'nobody', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'session_not_found' } });
  });
});

describe('raworc session restore and remix', () => {
  it('restores a closed session and posts the prompt', async () => {
    const one = server.createSession({ name: 'one', state: 'closed' });
    const { stdout } = await session('restore', 'one', '-p', 'Continue', '--no-attach');
    expect(stdout).toBe('one is idle.\n');
    expect(one.messages).toMatchObject([{ content: 'Continue' }, { role: 'host' }]);
  });

  it('sends only the options of a remix that were given', async () => {
    server.createSession({ name: 'one' });
    await session('remix', 'one', '--no-attach');
    const flags = ['-n', 'two', '-d', 'false', '-c', 'true', '-s', 'no', '--no-messages', '--at', '17'];
    await session('remix', 'one', ...flags, '--json');
    expect(server.requests('POST', /\/remix$/).map(({ body }) => JSON.parse(body) as object)).toEqual([
      {},
      { name: 'two', data: false, code: true, secrets: false, messages: false, at: 17 },
    ]);
  });

  it('takes a message id as the point of a remix', async () => {
    server.createSession({ name: 'one' });
    await session('remix', 'one', '--at', '01a20b56-892c-76e6-a508-dd401abfa864', '--json');
    expect(server.requests('POST', /\/remix$/)[0]?.body).toBe(
      '{"at":"01a20b56-892c-76e6-a508-dd401abfa864"}',
    );
  });

  it('refuses a flag that is neither true nor false', async () => {
    const { code, stderr } = await session('remix', 'one', '-d', 'maybe');
    expect(code).toBe(2);
    expect(stderr).toContain('"maybe" is neither true nor false.');
  });
});

describe('raworc session events', () => {
  it('shows the history, and follows it', async () => {
    const one = server.createSession({ name: 'one' });
    one.append('turn.completed', { turn_id: 'a-turn', stop_reason: 'end_turn' });
    expect((await session('events', 'one')).stdout).toMatch(
      /^ {4}10 {2}v1 {5}\d{4}-\d\d-\d\d [\d:]{8} {2}turn\.completed {9}stop_reason=end_turn\n$/,
    );
    const follower = startCli(['session', 'events', 'one', '--follow'], { env: environment() });
    await follower.shows('stop_reason=end_turn');
    one.close();
    await follower.shows('session.closed');
    follower.child.kill();
    await follower.ended;
  });

  it('shows what a tool printed without control of the terminal, also as JSON', async () => {
    const one = server.createSession({ name: 'one' });
    one.view.error = 'bad\u001b]0;title\u0007';
    const printed = 'a\u001b]52;c;aGk=\u0007b\u009b2Jc';
    one.runTool('bash', { command: 'x' }, { content: printed });
    expect((await session('events', 'one')).stdout).toContain('content=a]52;c;aGk=b2Jc\n');
    expect((await session('show', 'one')).stdout).toMatch(/^Error: +bad]0;title$/m);
    const { stdout } = await session('events', 'one', '--json');
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(JSON.parse(stdout)).toMatchObject([{}, { data: { content: printed } }]);
  });
});
