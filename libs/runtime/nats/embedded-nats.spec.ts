import { execFileSync } from 'node:child_process';
import { once, EventEmitter } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openHome } from '../home/home.js';
import type { Home } from '../home/home.js';
import { identifyProcess } from '../home/process-identity.js';
import { createLogger } from '../logger.js';
import { connectNats } from './connect-nats.js';
import { startEmbeddedNats } from './embedded-nats.js';
import type { EmbeddedNats } from './embedded-nats.js';
import { findNatsServer } from './find-nats-server.js';
import { openNats } from './open-nats.js';
import { launchServer } from './server-process.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let binary: string;
let home: Home;
let running: { stop(): Promise<void> }[];

beforeAll(async () => {
  const found = await findNatsServer({ natsServer: process.env.RAWORC_NATS_SERVER }, { root: tmpdir() });
  binary = found.path;
});

beforeEach(async () => {
  home = await openHome(await mkdtemp(join(tmpdir(), 'raworc-embedded-')));
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await rm(home.root, { recursive: true });
});

async function start(
  events: { onRestart?: () => void; onExit?: (reason: string) => void } = {},
): Promise<EmbeddedNats> {
  const nats = await startEmbeddedNats({ binary, home, logger, ...events });
  running.push(nats);
  return nats;
}

async function isAlive(pid: number): Promise<boolean> {
  return (await identifyProcess(pid)) !== undefined;
}

describe('startEmbeddedNats', () => {
  it('serves JetStream to its own user alone, and keeps secrets in private files', async () => {
    const nats = await start();
    const connection = await connectNats({ ...nats, name: 'test' });
    expect(connection.info?.version).toMatch(/^\d/);
    await connection.close();
    await expect(connectNats({ url: nats.url, name: 'test' })).rejects.toMatchObject({
      code: 'nats_unreachable',
    });

    for (const file of [home.natsConfig, home.natsCredentials, home.natsLog]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    expect(execFileSync('cat', [`/proc/${nats.pid}/cmdline`]).toString()).not.toContain(nats.pass);
  });

  it('comes back on the same port with everything acknowledged after a kill -9', async () => {
    const events = new EventEmitter();
    const exits: string[] = [];
    const nats = await start({
      onExit: (reason) => exits.push(reason),
      onRestart: () => events.emit('restart'),
    });
    const connection = await connectNats({ ...nats, name: 'test' });
    await (await jetstreamManager(connection)).streams.add({ name: 'T', subjects: ['t'] });
    await jetstream(connection).publish('t', 'kept');

    const [url, pid, restarted] = [nats.url, nats.pid, once(events, 'restart')];
    process.kill(pid, 'SIGKILL');
    await restarted;
    expect(exits).toEqual(['signal SIGKILL']);
    expect(nats).toMatchObject({ url, status: 'running' });
    expect(nats.pid).not.toBe(pid);

    const again = await connectNats({ ...nats, name: 'again' });
    const stream = await (await jetstreamManager(again)).streams.info('T');
    expect(stream.state.messages).toBe(1);
    await Promise.all([connection.close(), again.close()]);
  });

  it('stops, and does not come back', async () => {
    const nats = await start();
    await nats.stop();
    expect(nats.status).toBe('stopped');
    expect(await isAlive(nats.pid)).toBe(false);
  });

  it('stops while it waits for a restart', async () => {
    const events = new EventEmitter();
    const nats = await start({ onExit: () => events.emit('exit') });
    const exited = once(events, 'exit');
    process.kill(nats.pid, 'SIGKILL');
    await exited;
    await nats.stop();
    expect(nats.status).toBe('stopped');
    expect(await isAlive(nats.pid)).toBe(false);
  });

  it('ends a server that a killed service left on the store', async () => {
    const first = await start();
    await first.stop();
    const orphan = await launchServer({
      binary,
      confFile: home.natsConfig,
      logFile: home.natsLog,
      address: first,
    });
    const second = await start();
    expect(await orphan.exited).toMatch(/exit code|signal/);
    expect(await isAlive(second.pid)).toBe(true);
    expect(second.pass).toBe(first.pass);
  });

  it('reports again and again that it reads the log, until it is ready', async () => {
    const first = await start();
    await first.stop();
    // As a server with a large log: it takes its time before it accepts connections.
    const slow = join(home.root, 'slow-server');
    const gate = join(home.root, 'gate');
    const wait = `while [ ! -e '${gate}' ]; do sleep 0.01; done`;
    await writeFile(slow, `#!/usr/bin/env bash\n${wait}\nexec '${binary}' "$@"\n`, { mode: 0o755 });
    const reports: number[] = [];
    const server = await launchServer({
      binary: slow,
      confFile: home.natsConfig,
      logFile: home.natsLog,
      address: first,
      reportEveryMs: 20,
      onWaiting: (seconds) => {
        if (reports.push(seconds) === 3) void writeFile(gate, '');
      },
    });
    running.push(server);
    expect(reports.length).toBeGreaterThanOrEqual(3);
    const before = reports.length;
    await connectNats({ ...first, name: 'test' }).then((connection) => connection.close());
    expect(reports).toHaveLength(before);
  });

  it('shows the end of the log when it cannot start', async () => {
    await writeFile(join(home.root, 'nats'), 'in the way of the folder');
    await expect(start()).rejects.toMatchObject({ code: 'home_not_writable' });

    const confFile = join(home.root, 'bad.conf');
    const logFile = join(home.root, 'bad.log');
    await writeFile(confFile, 'listen: "127.0.0.1:-1"\njetstream { store_dir: "/dev/null/store" }');
    const address = { url: 'nats://127.0.0.1:1', user: '', pass: '' };
    await expect(launchServer({ binary, confFile, logFile, address })).rejects.toMatchObject({
      code: 'nats_server_failed',
      message: expect.stringMatching(/did not start: exit code 1\. The end of its log[^]*not a directory/),
    });
  });
});

describe('openNats', () => {
  it('starts a server of its own and ends it', async () => {
    const nats = await openNats({ natsServer: binary }, home, logger);
    await nats.connection.flush();
    await nats.close();
    expect(nats.connection.isClosed()).toBe(true);
    expect(nats.embedded?.status).toBe('stopped');
  });

  it('only connects when RAWORC_NATS_URL is set, and leaves that server running', async () => {
    const { url, user, pass, pid } = await start();
    const nats = await openNats({ natsUrl: url.replace('://', `://${user}:${pass}@`) }, home, logger);
    expect(nats.embedded).toBeUndefined();
    await nats.close();
    expect(await isAlive(pid)).toBe(true);
  });

  it('closes within its deadline when the server is gone', async () => {
    const nats = await openNats({ natsServer: binary }, home, logger);
    await nats.embedded?.stop();
    await nats.close();
    expect(nats.connection.isClosed()).toBe(true);
  });
});
