import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { findNatsServer } from './find-nats-server.js';
import { findFreePort } from './free-port.js';
import { writeServerConf } from './server-conf.js';
import { launchServer } from './server-process.js';

/** A real nats-server of a spec's own, with an empty JetStream store in a temporary folder. */
export interface TestNats {
  url: string;
  user: string;
  pass: string;
  /** The folder of its configuration, log and store. */
  dir: string;
  /** A new connection that reconnects for ever; closed by `stop`. */
  connection(): Promise<NatsConnection>;
  /** Ends the server if it runs, and starts it again on the same port and store. */
  restart(): Promise<void>;
  /** Lets the server stand still; `resume` lets it go on. */
  pause(): void;
  resume(): void;
  /** Kills the server with SIGKILL and returns when it is gone. `restart` brings it back. */
  kill9(): Promise<void>;
  /** Closes the connections, ends the server and removes the folder. */
  stop(): Promise<void>;
}

/** Starts a nats-server for a spec. `RAWORC_NATS_SERVER` names the program; else one is found like for a service. */
export async function startTestNats(): Promise<TestNats> {
  const dir = await mkdtemp(join(tmpdir(), 'raworc-nats-'));
  const { path: binary } = await findNatsServer(
    { natsServer: process.env.RAWORC_NATS_SERVER },
    { root: dir },
  );
  const port = await findFreePort();
  const address = {
    url: `nats://127.0.0.1:${port}`,
    user: 'test',
    pass: randomBytes(16).toString('base64url'),
  };
  const confFile = join(dir, 'nats.conf');
  const logFile = join(dir, 'nats.log');
  await writeServerConf(confFile, { port, storeDir: join(dir, 'store'), logFile, ...address });

  const launch = () => launchServer({ binary, confFile, logFile, address });
  let server = await launch();
  const connections: NatsConnection[] = [];

  return {
    ...address,
    dir,
    async connection() {
      const connection = await connect({
        servers: address.url,
        user: address.user,
        pass: address.pass,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        noAsyncTraces: true,
      });
      connections.push(connection);
      return connection;
    },
    async restart() {
      await server.stop();
      server = await launch();
    },
    pause: () => void process.kill(server.pid, 'SIGSTOP'),
    resume: () => void process.kill(server.pid, 'SIGCONT'),
    kill9: () => server.kill9(),
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
