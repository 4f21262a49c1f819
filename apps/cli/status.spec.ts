import { afterEach, beforeEach, expect, it } from '@jest/globals';
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
