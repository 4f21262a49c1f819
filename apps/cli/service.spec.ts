import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { installBesideStandIn } from './testing/installation.js';
import { runCli, startCli, temporaryHome, Terminal, type CliResult } from './testing/run-cli.js';

let installed: ReturnType<typeof installBesideStandIn>;
let home: ReturnType<typeof temporaryHome>;

beforeAll(() => {
  installed = installBesideStandIn();
});

afterAll(() => installed.remove());

beforeEach(() => {
  home = temporaryHome();
});

afterEach(async () => {
  await raworc(['stop']);
  home.remove();
});

function environment(env: Record<string, string> = {}): Record<string, string> {
  return { RAWORC_HOME: home.path, RAWORC_PORT: '0', ...env };
}

function raworc(args: string[], env?: Record<string, string>): Promise<CliResult> {
  return runCli(args, { cli: installed.cli, env: environment(env) });
}

describe('raworc start, status and stop', () => {
  it('starts the service, shows it, and stops it', async () => {
    const started = await raworc(['start', '--json']);
    expect(started.code).toBe(0);
    const { pid, url, already_running } = JSON.parse(started.stdout) as Record<string, unknown>;
    expect(already_running).toBe(false);

    const status = await raworc(['status', '--json']);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      running: true,
      url,
      pid,
      version: '1.2.3',
      sessions: { init: 0, idle: 2, busy: 0, closed: 1 },
    });

    const stopped = await raworc(['stop', '--json']);
    expect(JSON.parse(stopped.stdout)).toEqual({ stopped: true, pid });
    expect(existsSync(join(home.path, 'service.json'))).toBe(false);
    expect((await raworc(['status'])).code).toBe(3);
  });

  it('says in a sentence that nothing confines the commands of sessions, where that is so', async () => {
    const sentence =
      /^Commands of sessions are not confined: they run with all rights of the user who runs Raworc/m;
    const unsafe = { RAWORC_COMPUTERS: 'local-unsafe' };
    for (const args of [['start'], ['start'], ['status']])
      expect((await raworc(args, unsafe)).stderr).toMatch(sentence);
    expect(JSON.parse((await raworc(['status', '--json'])).stdout)).toMatchObject({
      computers: 'local-unsafe',
    });
    await raworc(['stop']);
    for (const args of [['start'], ['status']])
      expect((await raworc(args, { RAWORC_COMPUTERS: 'local' })).stderr).not.toMatch(sentence);
  });

  it('says so when it runs already, and when there is nothing to stop', async () => {
    await raworc(['start']);
    const again = await raworc(['start']);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('runs already at http://127.0.0.1:');
    await raworc(['stop']);
    const stopped = await raworc(['stop']);
    expect(stopped).toMatchObject({ code: 0, stdout: 'Raworc does not run.\n' });
  });

  it('starts one service when several commands need it at once', async () => {
    const results = await Promise.all([1, 2, 3].map(() => raworc(['api', 'sessions'])));
    expect(results.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0, 0]);
    for (const { stdout } of results) expect(JSON.parse(stdout)).toHaveLength(3);
  });

  it('starts it for a command that needs it, and says so at a terminal', async () => {
    const terminal = new Terminal(['api', 'sessions'], { cli: installed.cli, env: environment() });
    await terminal.shows('Raworc is not running; starting it in the background');
    await terminal.shows('"state": "closed"');
    expect(await terminal.ended).toBe(0);
  });

  it('starts it without a word where stderr may be read as part of the reply', async () => {
    const { code, stdout, stderr } = await raworc(['api', 'sessions']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toHaveLength(3);
  });

  it('starts a new one when the old one is just stopping', async () => {
    await raworc(['start'], { STAND_IN: 'stops slowly' });
    const { pid } = JSON.parse(readFileSync(join(home.path, 'service.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGTERM');
    const { code, stdout } = await raworc(['start', '--json']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { pid: number }).pid).not.toBe(pid);
  });

  it('shows why it could not start', async () => {
    const { code, stdout, stderr } = await raworc(['start'], { STAND_IN: 'refuses' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('Error: Port 9000 is in use by another program. (port_in_use)\n');
  });

  it('shows it in the same way, with the same exit code, in the foreground', async () => {
    const { code, stdout, stderr } = await raworc(['start', '--foreground'], { STAND_IN: 'refuses' });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe('Error: Port 9000 is in use by another program. (port_in_use)\n');
  });

  it('shows what a crash said, without its stack', async () => {
    const { code, stderr } = await raworc(['start'], { STAND_IN: 'crashes' });
    expect(code).toBe(2);
    expect(stderr).toContain(
      'The service ended at once (exit code 1): TypeError: it fell over (service_failed)',
    );
    expect(stderr).toContain(join(home.path, 'logs', 'service.out'));
    expect(stderr).not.toContain('    at ');
  });

  it('keeps the output of the service to its owner', async () => {
    await raworc(['start']);
    expect(statSync(join(home.path, 'logs', 'service.out')).mode & 0o777).toBe(0o600);
  });

  it('is not misled by the file of a service that was killed', async () => {
    const file = {
      pid: process.pid,
      identity: 'another',
      port: 1,
      url: 'http://127.0.0.1:1',
      started_at: 0,
      version: '0',
    };
    writeFileSync(join(home.path, 'service.json'), JSON.stringify(file));
    expect(await raworc(['stop'])).toMatchObject({ code: 0, stdout: 'Raworc does not run.\n' });
    expect((await raworc(['start', '--json'])).code).toBe(0);
  });

  it('takes the port as a flag', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    await raworc(['start', '--port', String(port)]);
    expect(JSON.parse(readFileSync(join(home.path, 'service.json'), 'utf8'))).toMatchObject({ port });
  });

  it('runs in the foreground until it is told to stop', async () => {
    const running = startCli(['start', '--foreground'], { cli: installed.cli, env: environment() });
    const follower = startCli(['logs', '--follow'], { cli: installed.cli, env: environment() });
    await follower.shows('INFO  listening');
    follower.child.kill();
    running.child.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(home.path, 'service.json'))).toBe(false);
  });
});

describe('a machine without a sandbox', () => {
  const env = { STAND_IN: 'has no sandbox' };

  it('asks at a terminal, remembers a yes, and goes on', async () => {
    writeFileSync(join(home.path, 'config.json'), '{"log_level":"debug"}');
    const terminal = new Terminal(['session', '--json'], { cli: installed.cli, env: environment(env) });
    await terminal.shows('No sandbox for sessions: bubblewrap is missing.');
    await terminal.shows('[y/N] ');
    terminal.type('y\r');
    await terminal.shows('"computers": "local-unsafe"');
    expect(await terminal.ended).toBe(0);
    const config = JSON.parse(readFileSync(join(home.path, 'config.json'), 'utf8')) as object;
    expect(config).toEqual({ log_level: 'debug', computers: 'local-unsafe' });
  });

  it('takes anything else as a no', async () => {
    const terminal = new Terminal(['session'], { cli: installed.cli, env: environment(env) });
    await terminal.shows('[y/N] ');
    terminal.type('\r');
    await terminal.shows('(driver_unavailable)');
    expect(await terminal.ended).toBe(2);
    expect(existsSync(join(home.path, 'config.json'))).toBe(false);
  });

  it('asks nobody where there is no terminal', async () => {
    const { code, stderr } = await raworc(['session'], env);
    expect(code).toBe(2);
    expect(stderr).toContain('bubblewrap is missing. (driver_unavailable)');
  });
});

describe('raworc logs', () => {
  it('shows the last lines for people, and as they are with --json', async () => {
    await raworc(['start']);
    const { stdout } = await raworc(['logs', '--tail', '1']);
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}listening name="raworc" part="server"\n$/);
    const json = await raworc(['logs', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([{ msg: 'listening', part: 'server' }]);
  });

  it('goes on with what is written when told to follow', async () => {
    await raworc(['start']);
    const running = startCli(['logs', '--follow'], { cli: installed.cli, env: environment() });
    await running.shows('listening');
    await raworc(['stop']);
    await running.shows('stopped');
    running.child.kill();
    await running.ended;
  });

  it('says where the log will be when there is none', async () => {
    const { code, stdout, stderr } = await raworc(['logs']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('raworc start');
  });
});

describe('raworc doctor', () => {
  it('adds reachability to the checks of the service, and says how to fix what fails', async () => {
    const { code, stdout } = await raworc(['doctor']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/✓ node\s+v\d+/);
    expect(stdout).toMatch(/– engine\s+the Docker engine does not answer/);
    expect(stdout).toMatch(/✗ nats-server\s+none was found\n\s+→ Set RAWORC_NATS_SERVER\./);
    expect(stdout).toMatch(/✓ service reachable\s+not running/);
  });

  it('gives the checks and the settings with --json', async () => {
    const { stdout } = await raworc(['doctor', '--json'], { RAWORC_SERVER: 'http://127.0.0.1:1' });
    const { checks, settings } = JSON.parse(stdout) as { checks: object[]; settings: object[] };
    expect(checks.at(-1)).toMatchObject({ check: 'service reachable', ok: false });
    expect(settings).toHaveLength(1);
  });
});

describe('raworc reset without an engine', () => {
  it('says before it goes on what it has not looked at', async () => {
    const env = environment({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const terminal = new Terminal(['reset'], { env });
    await terminal.shows(/Containers and volumes .* not looked at/);
    await terminal.shows(/Run\s+raworc\s+reset\s+again/);
    await terminal.shows('for good, with its log and its keys? [y/N] ');
    terminal.type('\r');
    await terminal.shows('Nothing was removed.');
    expect(await terminal.ended).toBe(0);
  });
});

describe('a question', () => {
  it.each([
    ['Ctrl-D', '\x04'],
    ['Ctrl-C', '\x03'],
  ])('takes %s as a no', async (_, key) => {
    const env = environment({ STAND_IN: 'has no sandbox' });
    const asked = new Terminal(['session'], { cli: installed.cli, env });
    await asked.shows('[y/N] ');
    asked.type(key);
    await asked.shows('(driver_unavailable)');
    expect(await asked.ended).toBe(2);
    expect(existsSync(join(home.path, 'config.json'))).toBe(false);
  });
});
