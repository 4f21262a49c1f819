import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startImpostor, type Impostor } from './testing/impostor.js';
import { installBesideStandIn } from './testing/installation.js';
import { runCli, temporaryHome, Terminal } from './testing/run-cli.js';
import { StandInServer } from './testing/stand-in-server.js';

const TOKEN = 'the-token-of-this-home';
const KEY = 'sk-ant-nobody-else-may-have-this';

let installed: ReturnType<typeof installBesideStandIn>;
let home: ReturnType<typeof temporaryHome>;
let impostor: Impostor;

beforeAll(() => {
  installed = installBesideStandIn();
});
afterAll(() => installed.remove());

beforeEach(async () => {
  home = temporaryHome();
  writeFileSync(join(home.path, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  impostor = await startImpostor();
});

afterEach(async () => {
  await raworc(['stop']);
  await impostor.stop();
  home.remove();
});

function environment(env: Record<string, string> = {}): Record<string, string> {
  return {
    RAWORC_HOME: home.path,
    RAWORC_PORT: String(impostor.port),
    ANTHROPIC_API_KEY: KEY,
    ...env,
  };
}

const raworc = (args: string[], env?: Record<string, string>) =>
  runCli(args, { cli: installed.cli, env: environment(env) });

/** What a service leaves behind when it is killed; its pid may be anybody's by now. */
function leaveServiceFile(fields: object = {}): void {
  const left = { pid: process.pid, port: impostor.port, url: impostor.url, started_at: 0, version: '1' };
  writeFileSync(join(home.path, 'service.json'), JSON.stringify({ ...left, ...fields }));
}

function expectNothingGiven(): void {
  expect(impostor.heard()).not.toContain(TOKEN);
  expect(impostor.heard()).not.toContain(KEY);
}

describe('a program on the port of a service that does not run', () => {
  it.each([[['session', '-p', 'hello']], [['api', 'sessions']], [['session', 'restore', 'an-id']]])(
    'gets neither the token nor the key from %j',
    async (args) => {
      const { code } = await raworc(args);
      expect(code).not.toBe(0);
      expectNothingGiven();
    },
  );

  it('gets nothing either when the pid in the file of the service is in use again', async () => {
    leaveServiceFile();
    await raworc(['session', '-p', 'hello']);
    expectNothingGiven();
  });

  it('gets nothing when a service is started while it waits', async () => {
    leaveServiceFile();
    const { code } = await raworc(['api', 'sessions'], { RAWORC_PORT: '0' });
    expect(code).toBe(0);
    expectNothingGiven();
  });

  it('is not taken for the service by status, start and doctor', async () => {
    leaveServiceFile();
    expect((await raworc(['status'])).code).toBe(3);
    const { stdout } = await raworc(['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { check: string; detail: string }[] };
    expect(checks.find(({ check }) => check === 'service reachable')?.detail).toMatch(/^not running/);
    const { stderr } = await raworc(['start']);
    expect(stderr).toContain('port_in_use');
    expectNothingGiven();
  });
});

describe('RAWORC_SERVER', () => {
  it('gets neither the token of the local home nor a key when RAWORC_TOKEN is not set', async () => {
    for (const args of [['session', '-p', 'hello'], ['api', 'sessions'], ['status']]) {
      const { code, stderr } = await raworc(args, { RAWORC_SERVER: impostor.url });
      expect(code).toBe(2);
      expect(stderr).toContain('RAWORC_TOKEN');
    }
    expectNothingGiven();
  });

  it('of the environment does not get the token that is meant for the one of config.json', async () => {
    const config = { server: 'http://127.0.0.1:1', token: TOKEN };
    writeFileSync(join(home.path, 'config.json'), JSON.stringify(config));
    await raworc(['api', 'sessions'], { RAWORC_SERVER: impostor.url });
    expectNothingGiven();
  });

  it('reaches the service of this home by its address, without a token', async () => {
    await raworc(['start'], { RAWORC_PORT: '0' });
    const { url } = JSON.parse(readFileSync(join(home.path, 'service.json'), 'utf8')) as { url: string };
    const { code, stdout } = await raworc(['api', 'sessions'], { RAWORC_SERVER: url });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(3);
  });
});

describe('a pid that another service has by now', () => {
  it('is not stopped, and is not taken for the own one', async () => {
    const other = join(home.path, 'other');
    mkdirSync(other);
    await raworc(['start'], { RAWORC_HOME: other, RAWORC_PORT: '0' });
    const file = JSON.parse(readFileSync(join(other, 'service.json'), 'utf8')) as { pid: number };
    leaveServiceFile({ pid: file.pid });
    expect(await raworc(['stop'])).toMatchObject({ code: 0, stdout: 'Raworc does not run.\n' });
    expect((await raworc(['status'], { RAWORC_HOME: other })).code).toBe(0);
    await raworc(['stop'], { RAWORC_HOME: other });
  });
});

describe('a chat whose service ends', () => {
  it('gives nothing to whoever takes the port, and goes on when the service is back', async () => {
    await impostor.stop();
    const service = await StandInServer.start({ home: home.path, token: TOKEN });
    const session = service.createSession();
    const terminal = new Terminal(['session', 'restore', session.view.name], { env: environment() });
    await terminal.shows('\n> ');
    const { port } = new URL(service.url);
    await service.stop();
    impostor = await startImpostor(Number(port));
    await terminal.shows('connection lost');
    const restarted = await StandInServer.start({ home: home.path, token: TOKEN, sessions: [session] });
    await terminal.shows('connected again');
    terminal.type('/quit\r');
    await terminal.ended;
    await restarted.stop();
    expect(impostor.heard()).toBe('');
  });
});

describe('a home with a long path', () => {
  it('has its service reached like any other', async () => {
    const path = join(home.path, 'a-rather-long-name-of-a-folder/'.repeat(5));
    mkdirSync(path, { recursive: true });
    const env = { RAWORC_HOME: path, RAWORC_PORT: '0' };
    expect(await raworc(['api', 'sessions'], env)).toMatchObject({ code: 0 });
    expect(await raworc(['stop'], env)).toMatchObject({ stdout: 'Raworc has stopped.\n' });
  });
});
