import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../config/load-config.js';
import { messageOf } from '../errors.js';
import type { Home } from '../home/home.js';
import type { Logger } from '../logger.js';
import { connectNats } from './connect-nats.js';
import { startEmbeddedNats } from './embedded-nats.js';
import type { EmbeddedNats } from './embedded-nats.js';
import { findNatsServer } from './find-nats-server.js';
import type { FindOptions } from './find-nats-server.js';

/** A connection to the NATS that holds the log. */
export interface OpenNats {
  connection: NatsConnection;
  /** The server, when it is one of ours. */
  embedded?: EmbeddedNats;
  /** Sends what is waiting, disconnects, and ends the embedded server. */
  close(): Promise<void>;
}

export interface OpenNatsOptions {
  /** By which NATS knows the connection. */
  name?: string;
  /** Told what a start takes so long for. */
  onProgress?: (message: string) => void;
  /** Ends an embedded server that is not ready yet. */
  signal?: AbortSignal;
}

const DRAIN_DEADLINE_MS = 2000;

/**
 * Connects to `RAWORC_NATS_URL`; without it, starts an embedded nats-server on the home, which must be locked.
 * @throws {NatsError} saying what is wrong and what to do.
 */
export async function openNats(
  config: Pick<Config, 'natsUrl' | 'natsServer'>,
  home: Home,
  logger: Logger,
  options: FindOptions & OpenNatsOptions = {},
): Promise<OpenNats> {
  const name = options.name ?? 'raworc';
  if (config.natsUrl) {
    const connection = await connectNats({ url: config.natsUrl, name });
    void logStatus(connection, logger);
    return { connection, close: () => disconnect(connection) };
  }

  const binary = await findNatsServer(config, home, options);
  logger.info({ path: binary.path, version: binary.version, source: binary.source }, 'found nats-server');
  const embedded = await startEmbeddedNats({
    binary: binary.path,
    home,
    logger,
    onProgress: options.onProgress,
    signal: options.signal,
  });
  try {
    const connection = await connectNats({
      url: embedded.url,
      user: embedded.user,
      pass: embedded.pass,
      name,
    });
    const close = async () => {
      await disconnect(connection);
      await embedded.stop();
    };
    return { connection, embedded, close };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** Draining waits for the server, which may be gone: then what is left is dropped. */
async function disconnect(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  const timer = setTimeout(() => void connection.close(), DRAIN_DEADLINE_MS);
  await connection.drain().catch(() => connection.close());
  clearTimeout(timer);
}

/** Until the connection is closed. */
async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') logger.warn('lost the connection to NATS; reconnecting');
    if (status.type === 'reconnect') logger.info('connected to NATS again');
    if (status.type === 'error') logger.error({ error: messageOf(status.error) }, 'NATS reports an error');
  }
}
