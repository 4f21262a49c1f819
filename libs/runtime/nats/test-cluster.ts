import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { findNatsServer } from './find-nats-server.js';
import { findFreePort } from './free-port.js';
import { renderServerConf } from './server-conf.js';
import { launchServer } from './server-process.js';
import type { ServerProcess } from './server-process.js';

const SIZE = 3;

/** Three real nats-servers of a spec's own, as one cluster on loopback. */
export interface TestCluster {
  /** Connected to any of them; goes to another when it dies. */
  connection(): Promise<NatsConnection>;
  /** Kills the server of this name with SIGKILL. */
  kill9(name: string): Promise<void>;
  /** Starts it again. */
  restart(name: string): Promise<void>;
  stop(): Promise<void>;
}

interface Member {
  name: string;
  launch: () => Promise<ServerProcess>;
  server: ServerProcess;
}

export async function startTestCluster(): Promise<TestCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'raworc-cluster-'));
  const { path: binary } = await findNatsServer(
    { natsServer: process.env.RAWORC_NATS_SERVER },
    { root: dir },
  );
  const credentials = { user: 'test', pass: randomBytes(16).toString('base64url') };
  const ports = await freePorts(SIZE * 2);
  const routes = ports.slice(SIZE);

  const startMember = async (n: number): Promise<Member> => {
    const name = `n${n}`;
    const [confFile, logFile] = [join(dir, `${name}.conf`), join(dir, `${name}.log`)];
    const port = ports[n] ?? 0;
    const conf = renderServerConf({ port, storeDir: join(dir, name), logFile, ...credentials });
    await writeFile(
      confFile,
      `${conf.replace('server_name: raworc', `server_name: ${name}`)}${clusterConf(routes, n)}`,
    );
    const address = { url: `nats://127.0.0.1:${port}`, ...credentials };
    const launch = () => launchServer({ binary, confFile, logFile, address });
    return { name, launch, server: await launch() };
  };
  const members = await Promise.all(Array.from({ length: SIZE }, (_, n) => startMember(n)));
  const connections: NatsConnection[] = [];
  const member = (name: string): Member => {
    const found = members.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`The cluster has no ${name}.`);
    return found;
  };

  return {
    async connection() {
      const connection = await connect({
        servers: ports.slice(0, SIZE).map((port) => `127.0.0.1:${port}`),
        ...credentials,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 50,
        noAsyncTraces: true,
      });
      connections.push(connection);
      return connection;
    },
    kill9: (name) => member(name).server.kill9(),
    async restart(name) {
      const { launch } = member(name);
      member(name).server = await launch();
    },
    async stop() {
      await Promise.all(connections.map((connection) => connection.close()));
      await Promise.all(members.map(({ server }) => server.kill9()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Found one after the other, they could be the same one. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await findFreePort());
  return [...ports];
}

function clusterConf(ports: readonly number[], own: number): string {
  const urls = ports.map((port) => `nats-route://127.0.0.1:${port}`);
  return `cluster {
  name: raworc
  listen: "127.0.0.1:${ports[own]}"
  routes: ${JSON.stringify(urls)}
}
`;
}
