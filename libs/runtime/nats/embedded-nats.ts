import { statfs } from 'node:fs/promises';
import { DiskWatch } from '../disk/disk-watch.js';
import { ensureFolder } from '../home/home.js';
import type { Home } from '../home/home.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../logger.js';
import { ensureNatsCredentials } from './credentials.js';
import { findFreePort } from './free-port.js';
import { endOrphans } from './orphans.js';
import { writeServerConf } from './server-conf.js';
import { launchServer } from './server-process.js';
import type { ServerAddress, ServerProcess } from './server-process.js';
import { supervise } from './supervisor.js';
import type { Supervisor, SupervisorEvents, SupervisorStatus } from './supervisor.js';

/** The nats-server of a home, kept running beside this process. Its address stays the same over restarts. */
export interface EmbeddedNats extends ServerAddress {
  readonly pid: number;
  readonly status: SupervisorStatus;
  /** The file system of its store. */
  readonly disk: DiskWatch;
  stop(): Promise<void>;
}

export interface EmbeddedOptions extends SupervisorEvents {
  /** Path of a nats-server program that `findNatsServer` found good. */
  binary: string;
  /** Locked by this process: a nats-server that runs on its store counts as left behind, and is ended. */
  home: Home;
  logger: Logger;
  /** Told, every ten seconds, what a start takes so long for. */
  onProgress?: (message: string) => void;
  /** Ends a server that is not ready yet. */
  signal?: AbortSignal;
}

const PORT_ATTEMPTS = 3;
/** A long log is read before connections are accepted; cutting that short would only start it over. */
const RECOVERY_DEADLINE_MS = 600_000;

/**
 * Starts nats-server on 127.0.0.1 and the home's store, and resolves when it accepts connections.
 * @throws {NatsError} `nats_server_failed`, with the end of the server's log.
 */
export async function startEmbeddedNats(options: EmbeddedOptions): Promise<EmbeddedNats> {
  const { home, logger } = options;
  await Promise.all([ensureFolder(home.natsStore), ensureFolder(home.logs)]);
  const ended = await endOrphans(home.natsConfig);
  if (ended.length > 0)
    logger.warn({ nats_pids: ended }, 'ended a nats-server that an earlier service left behind');

  const { address, first, launch } = await startOnFreePort(options);
  const supervisor = supervise(first, launch, logger, options);
  logger.info({ nats_pid: first.pid, url: address.url }, 'nats-server runs');
  const disk = await DiskWatch.start(home.natsStore);
  disk.onLook(healer(disk, supervisor));
  return {
    disk,
    ...address,
    get pid() {
      return supervisor.pid;
    },
    get status() {
      return supervisor.status;
    },
    stop: () => {
      disk.close();
      return supervisor.stop();
    },
  };
}

/** After a write that failed for want of space, nats-server refuses all others until it is started again. */
function healer(disk: DiskWatch, supervisor: Supervisor): () => void {
  let wasExhausted = false;
  return () => {
    if (disk.isExhausted()) {
      wasExhausted = true;
    } else if (wasExhausted && disk.space.freeBytes > disk.space.reserveBytes / 4) {
      wasExhausted = false;
      void supervisor.restart('the disk was full, and has room again');
    }
  };
}

interface Started {
  address: ServerAddress;
  first: ServerProcess;
  launch: () => Promise<ServerProcess>;
}

/** Between finding a port and listening on it another program may take it; then another one is found. */
async function startOnFreePort(given: EmbeddedOptions, attempt = 1): Promise<Started> {
  const { binary, home, onProgress, signal } = given;
  const credentials = await ensureNatsCredentials(home);
  const port = await findFreePort();
  const address = { url: `nats://127.0.0.1:${port}`, ...credentials };
  const { blocks, bsize } = await statfs(home.natsStore);
  const conf = {
    maxFileStore: blocks * bsize,
    port,
    storeDir: home.natsStore,
    logFile: home.natsLog,
    ...credentials,
  };
  await writeServerConf(home.natsConfig, conf);

  const files = { confFile: home.natsConfig, logFile: home.natsLog };
  const onWaiting = (seconds: number) =>
    onProgress?.(`nats-server reads the log; a large one takes minutes (${seconds} s so far) …`);
  const options = { binary, ...files, address, readyTimeoutMs: RECOVERY_DEADLINE_MS, onWaiting };
  const launch = () => launchServer(options);
  try {
    return { address, first: await launchServer({ ...options, signal }), launch };
  } catch (error) {
    const portTaken = messageOf(error).includes('address already in use');
    if (!portTaken || attempt === PORT_ATTEMPTS) throw error;
    return startOnFreePort(given, attempt + 1);
  }
}
