import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CLI, runCli, startCli, temporaryHome, type CliOptions, type CliResult } from './testing/run-cli.js';
import { sendProblem, StandInServer } from './testing/stand-in-server.js';

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

function api(args: string[], { env, ...options }: CliOptions = {}): Promise<CliResult> {
  return runCli(['api', ...args], { env: { ...server.env, RAWORC_HOME: home.path, ...env }, ...options });
}

describe('raworc api', () => {
  it('prints only the reply on stdout, one key a line, and no colour', async () => {
    const { view } = server.createSession();
    const { stdout, stderr, code } = await api(['sessions'], { env: { FORCE_COLOR: '1', CI: '1' } });
    expect({ stdout, stderr, code }).toEqual({
      stdout: `${JSON.stringify([view], null, 2)}\n`,
      stderr: '',
      code: 0,
    });
    expect(stdout.split('\n').filter((line) => line.includes('state'))).toEqual(['    "state": "idle",']);
  });

  it('prints an empty list as []', async () => {
    expect((await api(['sessions?state=busy'])).stdout).toBe('[]\n');
  });

  it.each(['sessions', '/sessions', '/api/v0/sessions', 'api/v0/sessions'])(
    'takes the path %s',
    async (path) => {
      await api([`${path}?state=idle`]);
      expect(server.seen[0]?.path).toBe('/api/v0/sessions?state=idle');
    },
  );

  it('takes a method in any case and sends no body unless given one', async () => {
    const { view } = server.createSession();
    const { code } = await api([`sessions/${view.name}/close`, '-m', 'pOst']);
    expect(code).toBe(0);
    expect(server.seen[0]).toMatchObject({ method: 'POST', body: '' });
    expect(server.seen[0]?.headers['content-type']).toBeUndefined();
  });

  it('sends a body and headers', async () => {
    const { view } = server.createSession();
    const body = '{"content":"Generate unit tests"}';
    const headers = ['-H', 'Idempotency-Key: abc', '-H', 'X-Two:  2 '];
    const { stdout } = await api([`sessions/${view.name}/messages`, '-m', 'post', '-b', body, ...headers]);
    expect(JSON.parse(stdout)).toMatchObject({ role: 'user', content: 'Generate unit tests' });
    expect(server.seen[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'abc',
      'x-two': '2',
    });
  });

  it('sends a body from a file', async () => {
    const { view } = server.createSession();
    const file = join(home.path, 'body.json');
    writeFileSync(file, '{"content":"from a file"}');
    await api([`sessions/${view.name}/messages`, '-m', 'post', '-b', `@${file}`]);
    expect(server.seen[0]?.body).toBe('{"content":"from a file"}');
  });

  it.each([
    [['-m', 'post', '-b', '{content: x}'], 'not valid JSON'],
    [['-m', 'post', '-b', '@/no/such/file'], '/no/such/file'],
    [['-b', '{}'], 'GET request carries no body'],
    [['-H', 'no header'], '"no header" is not a header'],
  ])('refuses %j before anything is sent', async (args, message) => {
    const { stdout, stderr, code } = await api(['sessions', ...args]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(message);
    expect(server.seen).toEqual([]);
  });

  it('prints nothing for a reply without a body', async () => {
    const { view } = server.createSession();
    const { stdout, stderr, code } = await api([`sessions/${view.id}`, '-m', 'delete']);
    expect({ stdout, stderr, code }).toEqual({ stdout: '', stderr: '', code: 0 });
  });

  it('prints the status on stderr when asked', async () => {
    const { stdout, stderr } = await api(['sessions', '-s']);
    expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: 'HTTP 200 OK\n' });
  });

  it('prints refusals on stderr only, with detail and code, and exits with 1', async () => {
    const { stdout, stderr, code } = await api(['sessions/abc-123']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
    expect(stderr).toContain('There is no session "abc-123". (session_not_found)');
  });

  it('keeps stdout empty for refusals with --json too', async () => {
    const { stdout, stderr, code } = await api(['sessions/abc-123', '--json']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'session_not_found', details: { status: 404 } },
    });
  });

  it('names every field that was wrong', async () => {
    server.intercept = (_, response) => {
      const problem = {
        code: 'validation_failed',
        detail: 'Wrong form.',
        errors: [{ path: 'name', message: 'too long' }],
      };
      response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
      return true;
    };
    expect((await api(['sessions', '-m', 'post', '-b', '{}'])).stderr).toContain(
      'Wrong form.\n  name: too long',
    );
  });

  it('says so when the answer is not Raworc', async () => {
    server.intercept = (_, response) => {
      response.writeHead(502).end('<html>Bad gateway</html>');
      return true;
    };
    const { stderr, code } = await api(['sessions']);
    expect(stderr).toContain("answered 502, and not in Raworc's way. (http_502)");
    expect(code).toBe(1);
  });

  it('exits with 2 when another server cannot be reached, and starts nothing', async () => {
    const { stdout, stderr, code } = await api(['sessions'], {
      env: { RAWORC_SERVER: 'http://127.0.0.1:1' },
    });
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(
      /Nothing answers at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\(server_unreachable\)/,
    );
  });

  it('hands a reply that is not JSON on byte for byte', async () => {
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff]);
    server.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': 'image/png' }).end(bytes);
      return true;
    };
    const running = startCli(['api', 'sessions/x/screenshot'], {
      env: { ...server.env, RAWORC_HOME: home.path },
    });
    const chunks: Buffer[] = [];
    running.child.stdout.removeAllListeners('data').setEncoding('latin1');
    running.child.stdout.on('data', (text: string) => chunks.push(Buffer.from(text, 'latin1')));
    await running.ended;
    expect(Buffer.concat(chunks)).toEqual(bytes);
  });

  it('never reads stdin: a loop around it keeps its input', async () => {
    server.intercept = ({ method }, response) => {
      if (method === 'DELETE') response.writeHead(204).end();
      return method === 'DELETE';
    };
    const cli = join(import.meta.dirname, 'bin', 'raworc.mjs');
    const script = `printf 'one\\ntwo\\nthree\\n' | while read id; do "$NODE" "$CLI" api sessions/$id -m delete; done`;
    const env = { ...process.env, ...server.env, RAWORC_HOME: home.path, NODE: process.execPath, CLI: cli };
    await new Promise((resolve) => execFile('bash', ['-c', script], { env }, resolve));
    expect(server.seen.map(({ path }) => path.split('/').at(-1))).toEqual(['one', 'two', 'three']);
  });

  it('does not wait for stdin when its argument is missing', async () => {
    const running = startCli(['api'], { env: { RAWORC_HOME: home.path } });
    const { code, stderr } = await running.ended;
    expect(code).toBe(2);
    expect(stderr).toContain('Missing 1 required arg');
  });

  it('ends quietly when nobody reads on', async () => {
    server.intercept = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(Array.from({ length: 200_000 }, (_, number) => number)));
      return true;
    };
    const running = startCli(['api', 'sessions'], { env: { ...server.env, RAWORC_HOME: home.path } });
    running.child.stdout.once('data', () => running.child.stdout.destroy());
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('explains a missing key for the model', async () => {
    server.intercept = (_, response) => {
      sendProblem(response, 400, 'model_key_missing', 'There is no key for the model.');
      return true;
    };
    const { stderr } = await api(['sessions', '-m', 'post', '-b', '{}']);
    expect(stderr).toContain('(model_key_missing)');
    expect(stderr).toContain('export ANTHROPIC_API_KEY=');
  });

  it('reads the body from stdin when told to', async () => {
    const options = { env: { ...server.env, RAWORC_HOME: home.path }, stdin: '{"name":"from a pipe"}' };
    await runCli(['api', 'sessions', '-m', 'post', '-b', '@-'], options);
    expect(server.requests('POST', /\/sessions$/)[0]?.body).toBe('{"name":"from a pipe"}');
  });

  it('says in a sentence that the disk of its output is full', async () => {
    const line = `"$NODE" "$CLI" api sessions >/dev/full`;
    const env = { ...process.env, ...server.env, RAWORC_HOME: home.path, NODE: process.execPath, CLI };
    const stderr = await new Promise((resolve) =>
      execFile('bash', ['-c', line], { env }, (_, __, errors) => resolve(errors)),
    );
    expect(stderr).toMatch(/^Error: The output could not be written: .*\(output_failed\)\n.*\n$/);
  });

  it('sends no escape sequence or mark of direction of an error to the terminal', async () => {
    server.intercept = (_, response) => {
      sendProblem(response, 400, 'bad\u202e\u009b31m', 'wrong \u001b[2J\u2066');
      return true;
    };
    const { stderr } = await api(['sessions']);
    expect(stderr).toContain('wrong [2J (bad31m)');
  });
});
