import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { findOnPath, inspectBinary } from './binary.js';
import { findFreePort } from './free-port.js';
import { NatsError } from './nats-error.js';
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
  /** Kills the server with SIGKILL and returns when it is gone. `restart` brings it back. */
  kill9(): Promise<void>;
  /** Closes the connections, ends the server and removes the folder. */
  stop(): Promise<void>;
}

/** Starts a nats-server for a spec: `RAWORC_NATS_SERVER`, else the first usable one on the PATH. */
export async function startTestNats(): Promise<TestNats> {
  const binary = await findBinary();
  const dir = await mkdtemp(join(tmpdir(), 'raworc-nats-'));
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
      });
      connections.push(connection);
      return connection;
    },
    async restart() {
      await server.stop();
      server = await launch();
    },
    kill9: () => server.kill9(),
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function findBinary(): Promise<string> {
  const configured = process.env.RAWORC_NATS_SERVER;
  const candidates = configured ? [configured] : await findOnPath(process.env.PATH ?? '');
  const looks = await Promise.all(candidates.map(inspectBinary));
  const usable = looks.find((look) => look.usable);
  if (usable) return usable.path;
  throw new NatsError(
    'nats_server_not_found',
    'This spec needs nats-server: put one on the PATH or set RAWORC_NATS_SERVER.',
  );
}
