import type { JetStreamManager } from '@nats-io/jetstream';
import { SCHEMA_VERSION } from '#domain';
import { LogError } from '../event-store.js';

const KEY = 'raworc_least_schema';

/**
 * A build that knows no newer schema than this may still open what we write: it refuses commands on sessions whose
 * events it does not know, and does no harm. Raise it when that is no longer enough.
 */
const LEAST_SCHEMA = 1;

/**
 * Makes sure that this build may open the log, and that builds which may not are refused.
 * @throws LogError `log_incompatible` when the log says that it takes a newer build
 */
export async function requireReadableLog(jsm: JetStreamManager, stream: string): Promise<void> {
  const { config } = await jsm.streams.info(stream);
  const least = Number(config.metadata?.[KEY] ?? 0);
  if (least > SCHEMA_VERSION) {
    throw new LogError(
      'log_incompatible',
      `The log ${stream} was written by a newer Raworc: it takes one that knows schema version ${least}, and this one knows ${SCHEMA_VERSION}. Upgrade Raworc, or give it another RAWORC_HOME or RAWORC_NATS_URL.`,
    );
  }
  if (least >= LEAST_SCHEMA) return;
  await jsm.streams.update(stream, { metadata: { ...config.metadata, [KEY]: String(LEAST_SCHEMA) } });
}
