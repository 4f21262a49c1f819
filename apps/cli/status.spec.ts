import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { identifyProcess } from './src/support/location/process-identity.js';
import { runCli, temporaryHome } from './testing/run-cli.js';
import { sendJson, StandInServer } from './testing/stand-in-server.js';

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

const status = (...flags: string[]) =>
  runCli(['status', ...flags], { env: { ...server.env, RAWORC_HOME: home.path } });

const isReady = (code: number, details: object): void => {
  server.intercept = ({ path }, response) => {
    if (path !== '/readyz') return false;
    sendJson(response, code, { status: code === 200 ? 'ok' : 'error', details });
    return true;
  };
};

it('says what a service that runs cannot do now, and why', async () => {
  isReady(503, {
    log: { status: 'down', message: 'The disk is full: 1.0 MiB are free.' },
    computers: { status: 'down', reason: 'The Docker engine does not answer. Start it.\u001b[2J' },
    disk: { status: 'down', reason: 'The disk of the computers is full.' },
    views: { status: 'up', unreadable_events: 2 },
  });
  const { stdout, code } = await status();
  expect(code).toBe(0);
  expect(stdout.split('\n').slice(2)).toEqual([
    'Events that cannot be read: 2. What to do: raworc doctor',
    'Not ready (log): The disk is full: 1.0 MiB are free.',
    'Not ready (computers): The Docker engine does not answer. Start it.[2J',
    'Not ready (disk): The disk of the computers is full.',
    '',
  ]);
  expect(JSON.parse((await status('--json')).stdout)).toMatchObject({
    problems: [{ part: 'log' }, { part: 'computers' }, { part: 'disk' }],
  });
});

it('says no more of one that is ready', async () => {
  isReady(200, { log: { status: 'up' }, views: { status: 'up', unreadable_events: 0 } });
  expect((await status()).stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(JSON.parse((await status('--json')).stdout)).toMatchObject({ problems: [], unreadable_events: 0 });
});

/** A process with a part of the work on the home; it says so as the service does. */
async function startRole(role: string, computers?: string): Promise<ChildProcess> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const { pid = 0 } = child;
  const identity = await identifyProcess(pid);
  const file = { pid, identity, port: 1, url: 'http://127.0.0.1:1', started_at: 0, version: '1', computers };
  writeFileSync(join(home.path, `${role}.json`), JSON.stringify(file));
  return child;
}

it('says what runs where one process is the server and another the operator', async () => {
  const local = (...flags: string[]) => runCli(['status', ...flags], { env: { RAWORC_HOME: home.path } });
  const operator = await startRole('operator', 'local-unsafe');
  try {
    const alone = await local();
    expect(alone.code).toBe(3);
    expect(alone.stdout).toMatch(
      new RegExp(`^Of Raworc, here runs: operator process ${operator.pid}\\. Its server does not run here`),
    );
    expect(alone.stdout).not.toContain('Raworc does not run');
    expect(alone.stderr).toMatch(/^Commands of sessions are not confined: .*all rights of the user/);
    const roles = [{ role: 'operator', pid: operator.pid }];
    expect(JSON.parse((await local('--json')).stdout)).toMatchObject({ running: false, roles });
    const doctor = await runCli(['doctor'], { env: { RAWORC_HOME: home.path } });
    expect(doctor.stdout).toContain(`here runs operator (process ${operator.pid}), and no server answers`);
  } finally {
    operator.kill();
  }
  await once(operator, 'exit');
  expect((await local()).stdout).toContain('Raworc does not run');
});
