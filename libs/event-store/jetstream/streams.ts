import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';
import { patiently } from './failures.js';

export type StreamSettings = Partial<StreamConfig> & { name: string };

/** The log itself: nothing is ever removed from it, except by an erasure's rollup. */
export function sessionStream(
  name: string,
  subjectPrefix: string,
  duplicateWindowMs: number,
): StreamSettings {
  return {
    name,
    subjects: [`${subjectPrefix}.*`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_age: 0,
    deny_delete: true,
    allow_direct: true,
    allow_rollup_hdrs: true,
    allow_atomic: true,
    compression: StoreCompression.S2,
    duplicate_window: nanos(duplicateWindowMs),
  };
}

/** A bucket in the layout of NATS key-value stores with history 1, so that their tools read it. */
/** A server that elects a leader, or whose disk is busy, answers later. */
export const OPEN_WITHIN_MS = 15_000;

export function bucketStream(bucket: string, maxAgeMs = 0): StreamSettings {
  return {
    name: `KV_${bucket}`,
    subjects: [`$KV.${bucket}.>`],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    max_age: nanos(maxAgeMs),
    allow_direct: true,
    allow_rollup_hdrs: true,
  };
}

/**
 * Creates the stream, or brings an existing one to these settings. Replicas of an existing stream change only
 * when more are asked for: fewer would be a loss of safety that nobody notices.
 * @throws LogError `log_incompatible` when a setting cannot be changed any more
 */
export function ensureStream(
  jsm: JetStreamManager,
  config: StreamSettings,
  replicas: number | undefined,
): Promise<StreamInfo> {
  return patiently(OPEN_WITHIN_MS, () => ensureOnce(jsm, config, replicas));
}

async function ensureOnce(
  jsm: JetStreamManager,
  config: StreamSettings,
  replicas: number | undefined,
): Promise<StreamInfo> {
  const existing = await findStream(jsm, config.name);
  if (existing === undefined) {
    const wanted = { ...config, num_replicas: replicas ?? 1 };
    return accepted(
      jsm.streams.add(wanted),
      `cannot be created with ${wanted.num_replicas} replicas`,
      config,
    );
  }
  refuseFewer(existing.config, replicas);
  const wanted: StreamSettings = replicas === undefined ? config : { ...config, num_replicas: replicas };
  if (matches(existing.config, wanted)) return existing;
  return accepted(
    jsm.streams.update(config.name, wanted),
    'exists with other settings, and nats-server refuses to change them',
    config,
  );
}

function refuseFewer({ name, num_replicas: existing }: StreamConfig, wanted = existing): void {
  if (wanted >= existing) return;
  throw new LogError(
    'log_incompatible',
    `RAWORC_REPLICAS is ${wanted}, and the stream ${name} has ${existing} replicas: Raworc never lowers them. ` +
      `Unset RAWORC_REPLICAS to keep them, or lower them yourself first: nats stream edit ${name} --replicas ${wanted}`,
  );
}

async function accepted(
  answer: Promise<StreamInfo>,
  problem: string,
  { name }: StreamSettings,
): Promise<StreamInfo> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    throw new LogError('log_incompatible', `Stream ${name} ${problem}: ${error.message}.`, { cause: error });
  }
}

async function findStream(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}

function matches(found: StreamConfig, wanted: StreamSettings): boolean {
  const values = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(values.get(key) ?? absent(value)) === JSON.stringify(value),
  );
}

/** The server leaves out what is false or zero. */
function absent(value: unknown): unknown {
  return typeof value === 'boolean' ? false : 0;
}
