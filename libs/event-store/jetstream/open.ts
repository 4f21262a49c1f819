import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { createAttachments } from '../attachments.js';
import type {
  Attachments,
  CommandClaims,
  EventStore,
  KeyStore,
  LogSpace,
  NameRegistry,
  RecordedEvent,
  Signals,
} from '../event-store.js';
import { createCommandClaims } from '../command-claims.js';
import { createKeyStore } from '../keys.js';
import { createLeases, type Leases, type LeaseTiming } from '../leases/index.js';
import { createNameRegistry } from '../names.js';
import { Appender } from './appender.js';
import { openBlobs } from './blobs.js';
import { patiently } from './failures.js';
import { LogFeed } from './feed.js';
import { GroupCommit } from './group-commit.js';
import { openBucket } from './jetstream-bucket.js';
import { JetStreamEventStore } from './jetstream-event-store.js';
import { createJetStreamSignals } from './jetstream-signals.js';
import { Link } from './link.js';
import { openProbe } from './probe.js';
import { Publisher } from './publisher.js';
import { StreamReader } from './reader.js';
import { Resolver } from './resolver.js';
import { UNLIMITED } from './space.js';
import { requireServerVersion } from './server-version.js';
import { requireReadableLog } from './least-schema.js';
import { ensureStream, OPEN_WITHIN_MS, sessionStream } from './streams.js';

/** Two days: whoever was told a day may be slow. */
const CLAIMS_KEPT_MS = 2 * 24 * 60 * 60_000;

export interface JetStreamStoreOptions {
  /** Copies of everything in a cluster; left out, new streams get 1 and existing ones keep theirs. */
  replicas?: number;
  /** Default RAWORC_SESSIONS. Another name gets names, keys and large data of its own. */
  streamName?: string;
  /** A session's subject is this and its id; default `raworc.sessions`. */
  subjectPrefix?: string;
  /** How long the server itself knows an event id again; default 2 min. */
  duplicateWindowMs?: number;
  /** How long a request to the server may go unanswered; default 3 s. */
  requestTimeoutMs?: number;
  /** How long one is repeated that was not answered; default 15 s, which outlasts an election. */
  patienceMs?: number;
  /** After so long without a heartbeat, work in progress goes to another worker; default 30 s. */
  ackWaitMs?: number;
  /** How leases are renewed and taken; only specs are in more of a hurry than the default. */
  leaseTiming?: LeaseTiming;
  /** The room for the log, where this process can see it; below a reserve only what ends something is taken. */
  space?: LogSpace;
  /** Told of messages that `consume` passed over because they cannot be read. Must not throw. */
  onPoison?: (unreadable: RecordedEvent) => void;
  /** Sequences that count for nothing, whatever is there. */
  skip?: ReadonlySet<number>;
}

export interface JetStreamStore {
  store: EventStore;
  names: NameRegistry;
  keys: KeyStore;
  claims: CommandClaims;
  attachments: Attachments;
  signals: Signals;
  leases: Leases;
  /** Ends what follows, consumes and listens. The connection stays open: it is the caller's. */
  close: () => void;
}

/**
 * Opens the log, and creates or updates its streams.
 * @throws LogError `log_incompatible` when nats-server is too old, or the streams cannot be brought to our settings
 */
export async function openJetStreamStore(
  connection: NatsConnection,
  options: JetStreamStoreOptions = {},
): Promise<JetStreamStore> {
  const { replicas, subjectPrefix = 'raworc.sessions', streamName: stream = 'RAWORC_SESSIONS' } = options;
  const { requestTimeoutMs: timeoutMs = 3000, patienceMs = 15_000 } = options;
  requireServerVersion(connection);
  const jsm = await patiently(OPEN_WITHIN_MS, () => jetstreamManager(connection, { timeout: timeoutMs }));
  await ensureStream(
    jsm,
    sessionStream(stream, subjectPrefix, options.duplicateWindowMs ?? 120_000),
    replicas,
  );
  await patiently(OPEN_WITHIN_MS, () => requireReadableLog(jsm, stream));
  const bucket = (name: string) => stream.replace(/_SESSIONS$/, '') + `_${name}`;
  const requests = { connection, jsm, timeoutMs, patienceMs };
  const publisher = new Publisher(connection, timeoutMs);
  const blobReader = new StreamReader({ ...requests, stream: bucket('BLOBS') });
  const space = options.space ?? UNLIMITED;
  const [names, keys, leases, claims, probe, blobs] = await Promise.all([
    openBucket({ ...requests, bucket: bucket('NAMES'), replicas, shred: false }),
    openBucket({ ...requests, bucket: bucket('KEYS'), replicas, shred: true }),
    openBucket({ ...requests, bucket: bucket('LEASES'), replicas, shred: false }),
    openBucket({ ...requests, bucket: bucket('CLAIMS'), replicas, shred: false, maxAgeMs: CLAIMS_KEPT_MS }),
    openProbe(connection, jsm, bucket('HEALTH'), replicas),
    openBlobs({ ...requests, bucket: bucket('BLOBS'), reader: blobReader, publisher, space }, replicas),
  ]);

  const closing = new AbortController();
  const reader = new StreamReader({ ...requests, stream });
  const source = { connection, jsm, stream, reader, patienceMs, closing: closing.signal };
  const resolver = new Resolver(reader, blobs, options.skip);
  const following = { ...source, link: new Link(connection), resolver };
  const store = new JetStreamEventStore({
    ...following,
    subjectPrefix,
    blobs,
    feed: new LogFeed(following),
    appender: new Appender(new GroupCommit(publisher), reader, patienceMs, space),
    space,
    probe,
    ackWaitMs: options.ackWaitMs ?? 30_000,
    onPoison: options.onPoison ?? (() => undefined),
  });
  return {
    store,
    names: createNameRegistry(names),
    keys: createKeyStore(keys),
    claims: createCommandClaims(claims),
    attachments: createAttachments(blobs),
    leases: createLeases(leases, options.leaseTiming),
    signals: createJetStreamSignals(connection, closing.signal),
    close: () => closing.abort(),
  };
}
