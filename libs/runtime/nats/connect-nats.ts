import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { messageOf } from '../errors.js';
import { NatsError } from './nats-error.js';
import { isSupportedNatsVersion, MINIMUM_NATS_VERSION } from './version.js';

export interface ConnectOptions {
  /** One URL or several with commas between them. Credentials in it count when `user` is absent. */
  url: string;
  user?: string;
  pass?: string;
  /** How this connection is called in the server's lists. */
  name: string;
}

const CONNECT_TIMEOUT_MS = 5000;
/** A server whose disk is busy, or that elects a leader, answers later. */
const JETSTREAM_WITHIN_MS = 15_000;
const RECONNECT_WAIT_MS = 250;

/**
 * Connects to a NATS that can hold the log, and keeps reconnecting for ever.
 * @throws {NatsError} `nats_unreachable`, `nats_server_too_old` or `nats_jetstream_disabled`.
 */
export async function connectNats(options: ConnectOptions): Promise<NatsConnection> {
  const { servers, ...fromUrl } = parseNatsUrl(options.url);
  const credentials = options.user === undefined ? fromUrl : { user: options.user, pass: options.pass };
  const connection = await open(servers, { ...credentials, name: options.name });
  try {
    checkVersion(connection, servers);
    await checkJetStream(connection, servers);
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface NatsAddress {
  /** Without credentials, so that they can be shown. */
  servers: string[];
  user?: string;
  pass?: string;
  token?: string;
}

/** Splits `nats://user:password@one:4222,nats://two:4222`. A user without a password is a token. */
export function parseNatsUrl(text: string): NatsAddress {
  const urls = text.split(',').map((part) => new URL(part.trim()));
  const servers = urls.map((url) => `${url.protocol}//${url.host}`);
  const [user, pass] = [urls[0]?.username, urls[0]?.password].map((part) => decodeURIComponent(part ?? ''));
  if (!user) return { servers };
  return pass ? { servers, user, pass } : { servers, token: user };
}

async function open(servers: string[], options: NodeConnectionOptions): Promise<NatsConnection> {
  try {
    return await connect({
      ...options,
      servers,
      // Shown in URLs as tls://; the client wants to be told.
      tls: servers.some((server) => server.startsWith('tls:')) ? {} : undefined,
      timeout: CONNECT_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      // Else each request makes two errors ahead, for their stacks; what fails is told with the request anyway.
      noAsyncTraces: true,
      // A server that restarts may refuse everybody for a moment.
      ignoreAuthErrorAbort: true,
    });
  } catch (error) {
    throw new NatsError(
      'nats_unreachable',
      `NATS at ${servers.join(', ')} cannot be used: ${messageOf(error)}. Check that it runs there, and the credentials.`,
      { cause: error },
    );
  }
}

function checkVersion(connection: NatsConnection, servers: string[]): void {
  const version = connection.info?.version ?? 'unknown';
  if (isSupportedNatsVersion(version)) return;
  throw new NatsError(
    'nats_server_too_old',
    `NATS at ${servers.join(', ')} is version ${version}. Raworc needs ${MINIMUM_NATS_VERSION} or newer: older ones would store parts of what must be stored as a whole. Upgrade it.`,
  );
}

async function checkJetStream(connection: NatsConnection, servers: string[]): Promise<void> {
  try {
    await jetstreamManager(connection, { timeout: JETSTREAM_WITHIN_MS });
  } catch (error) {
    throw new NatsError(
      'nats_jetstream_disabled',
      `NATS at ${servers.join(', ')} offers no JetStream to this user (${messageOf(error)}). Enable it in its configuration: jetstream { store_dir: … }.`,
      { cause: error },
    );
  }
}
