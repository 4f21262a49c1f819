import type { NatsConnection } from '@nats-io/transport-node';
import { LogError } from '../event-store.js';

/** The first release whose atomic batches take message ids. Older ones would store a batch in part. */
const MINIMUM = [2, 12, 1] as const;

/** @throws LogError `log_incompatible` when the server that we are connected to is too old */
export function requireServerVersion(connection: NatsConnection): void {
  const found = connection.info?.version ?? 'unknown';
  if (isSupported(found)) return;
  throw new LogError(
    'log_incompatible',
    `The log needs nats-server ${MINIMUM.join('.')} or newer, and this one is ${found}: upgrade it.`,
  );
}

export function isSupported(version: string): boolean {
  const numbers = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  for (const [index, needed] of MINIMUM.entries()) {
    const own = numbers[index] ?? 0;
    if (own !== needed) return own > needed;
  }
  return true;
}
