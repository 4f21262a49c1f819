import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli, startCli, temporaryHome, Terminal, type CliResult } from './testing/run-cli.js';
import { sendJson, sendProblem, StandInServer } from './testing/stand-in-server.js';

const PICTURE = Buffer.from([0xff, 0xd8, 0xff, 0x00, 0x80, 0xd9]);
let server: StandInServer;
let home: ReturnType<typeof temporaryHome>;

beforeEach(async () => {
  server = await StandInServer.start();
  home = temporaryHome();
  server.intercept = ({ method, path, headers }, response) => {
    if (path.endsWith('/screenshot')) {
      if (headers.accept === 'image/jpeg') {
        response.writeHead(200, { 'content-type': 'image/jpeg' }).end(PICTURE);
      } else sendProblem(response, 406, 'malformed_request', 'Not a picture.');
      return true;
    }
    if (method !== 'POST' || !path.endsWith('/desktop')) return false;
    sendJson(response, 201, { url: `${server.url}/page?ticket=t`, expires_at: 1_800_000_000 });
    return true;
  };
});

afterEach(async () => {
  await server.stop();
  home.remove();
});

const environment = () => ({ ...server.env, RAWORC_HOME: home.path });

function session(...args: string[]): Promise<CliResult> {
  return runCli(['session', ...args], { env: environment() });
}

describe('raworc session desktop', () => {
  it('says in its own words how to get one', async () => {
    server.createSession({ name: 'one' });
    server.intercept = ({ path }, response) => {
      if (!path.endsWith('/desktop')) return false;
      const detail = 'The computer of session one has no desktop. Create a session with "desktop": true.';
      sendProblem(response, 409, 'desktop_missing', detail);
      return true;
    };
    const { stderr, code } = await session('desktop', 'one');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /has no desktop\. Create one that has: (npx )?raworc session --desktop \(desktop_missing\)/,
    );
    expect(stderr).not.toContain('true');
  });

  it('prints the address alone on stdout', async () => {
    server.createSession({ name: 'one' });
    const { stdout, stderr, code } = await session('desktop', 'one', '--open');
    expect({ stdout, code }).toEqual({ stdout: `${server.url}/page?ticket=t\n`, code: 0 });
    expect(stderr).toContain('works once');
    expect(server.requests('POST', /\/sessions\/one\/desktop$/)).toHaveLength(1);
  });

  it('gives it as JSON', async () => {
    server.createSession({ name: 'one' });
    expect(JSON.parse((await session('desktop', 'one', '--json')).stdout)).toEqual({
      url: `${server.url}/page?ticket=t`,
      expires_at: 1_800_000_000,
    });
  });

  it('is at hand in a conversation', async () => {
    server.createSession({ name: 'one' });
    const { stdout, stderr } = await runCli(['session', 'restore', 'one'], {
      env: environment(),
      stdin: '/desktop\n',
    });
    expect(stdout).toBe(`${server.url}/page?ticket=t\n`);
    expect(stderr).toContain('works once');
  });

  it('opens the browser in a terminal, when asked to, without the ticket among its arguments', async () => {
    server.createSession({ name: 'one' });
    const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
    const opened = join(home.path, 'opened');
    writeFileSync(
      join(home.path, program),
      `#!/bin/sh\nprintf %s "$1" > '${opened}.part'\nmv '${opened}.part' '${opened}'\n`,
    );
    chmodSync(join(home.path, program), 0o755);
    const env = { ...environment(), PATH: `${home.path}:${process.env.PATH ?? ''}` };
    const terminal = new Terminal(['session', 'desktop', 'one', '--open'], { env });
    await terminal.shows('ticket=t');
    expect(await terminal.ended).toBe(0);
    while (!readdirSync(home.path).includes('opened')) await new Promise(setImmediate);
    const given = readFileSync(opened, 'utf8');
    expect(given).not.toContain('ticket');
    const lead = fileURLToPath(given);
    expect(statSync(lead).mode & 0o777).toBe(0o600);
    expect(readFileSync(lead, 'utf8')).toContain(`url=${server.url}/page?ticket=t"`);
  });

  it('says so when the home takes no file for the browser', async () => {
    server.createSession({ name: 'one' });
    mkdirSync(join(home.path, 'open.html', 'in-the-way'), { recursive: true });
    const terminal = new Terminal(['session', 'desktop', 'one', '--open'], { env: environment() });
    await terminal.shows('No browser was opened');
    expect(await terminal.ended).toBe(0);
  });

  it('says so when there is no browser', async () => {
    server.createSession({ name: 'one' });
    const terminal = new Terminal(['session', 'desktop', 'one', '--open'], {
      env: { ...environment(), PATH: home.path },
    });
    await terminal.shows('No browser was opened');
    expect(await terminal.ended).toBe(0);
  });
});

describe('raworc session screenshot', () => {
  it('saves the picture and prints where', async () => {
    const { view } = server.createSession({ name: 'one' });
    const file = join(home.path, 'now.jpg');
    expect(await session('screenshot', 'one', '-o', file)).toEqual({
      stdout: `${file}\n`,
      stderr: '',
      code: 0,
    });
    expect(readFileSync(file)).toEqual(PICTURE);
    const { stdout } = await session('screenshot', 'one', '-o', file, '--json');
    expect(JSON.parse(stdout)).toEqual({ session_id: view.id, path: file, bytes: PICTURE.length });
  });

  it('is named like the session, unless said otherwise', async () => {
    server.createSession({ name: 'one' });
    const running = startCli(['session', 'screenshot', 'one'], { env: environment(), cwd: home.path });
    const { stdout } = await running.ended;
    expect(stdout).toBe(`${join(home.path, 'one.jpg')}\n`);
    expect(readFileSync(join(home.path, 'one.jpg'))).toEqual(PICTURE);
  });

  it('goes to stdout byte for byte', async () => {
    server.createSession({ name: 'one' });
    const running = startCli(['session', 'screenshot', 'one', '-o', '-'], { env: environment() });
    const chunks: Buffer[] = [];
    running.child.stdout.removeAllListeners('data').setEncoding('latin1');
    running.child.stdout.on('data', (text: string) => chunks.push(Buffer.from(text, 'latin1')));
    await running.ended;
    expect(Buffer.concat(chunks)).toEqual(PICTURE);
  });

  it('refuses what cannot be', async () => {
    server.createSession({ name: 'one' });
    const both = await session('screenshot', 'one', '-o', '-', '--json');
    expect([both.code, both.stdout.includes('"usage"')]).toEqual([2, true]);
    const unwritable = await session('screenshot', 'one', '-o', join(home.path, 'no', 'folder.jpg'));
    expect(unwritable.code).toBe(2);
    expect(unwritable.stderr).toContain('cannot be written');
    server.intercept = ({ path }, response) => {
      if (!path.endsWith('/screenshot')) return false;
      sendProblem(response, 409, 'desktop_missing', 'There is no desktop.');
      return true;
    };
    const missing = await session('screenshot', 'one');
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('(desktop_missing)');
  });
});
