import { createAttachments } from '../attachments.js';
import { appendInBatches } from '../batches.js';
import type {
  Attachments,
  CommandClaims,
  EventStore,
  FollowOptions,
  KeyStore,
  NameRegistry,
  RecordedEvent,
  Signals,
} from '../event-store.js';
import { verifyHistory } from '../history.js';
import { createCommandClaims } from '../command-claims.js';
import { createKeyStore } from '../keys.js';
import { createLeases, type Leases, type LeaseTiming } from '../leases/index.js';
import { createNameRegistry } from '../names.js';
import { createMemoryBucket } from './memory-bucket.js';
import { MemoryConsumer } from './memory-consumer.js';
import { MemoryLog } from './memory-log.js';
import { createMemorySignals } from './memory-signals.js';

export interface MemoryStore {
  store: EventStore;
  names: NameRegistry;
  keys: KeyStore;
  claims: CommandClaims;
  attachments: Attachments;
  signals: Signals;
  leases: Leases;
}

/** A log in this process's memory that keeps every promise but durability. */
export function createMemoryStore(leaseTiming?: LeaseTiming): MemoryStore {
  const blobs = new Map<string, Uint8Array>();
  return {
    store: createStore(new MemoryLog(), blobs),
    names: createNameRegistry(createMemoryBucket()),
    keys: createKeyStore(createMemoryBucket()),
    claims: createCommandClaims(createMemoryBucket()),
    attachments: createAttachments({
      put: async ({ name, bytes }) => void blobs.set(name, bytes),
      get: async (name) => blobs.get(name),
    }),
    leases: createLeases(createMemoryBucket(), leaseTiming),
    signals: createMemorySignals(),
  };
}

function createStore(log: MemoryLog, blobs: Map<string, Uint8Array>): EventStore {
  const consumers = new Map<string, MemoryConsumer>();
  const purge = (sessionId: string): void => {
    for (const name of [...blobs.keys()].filter((key) => key.startsWith(`${sessionId}.`))) blobs.delete(name);
  };
  return {
    append: (sessionId, events, expectedSequence) =>
      appendInBatches(events, expectedSequence, async (batch, position) =>
        log.append(sessionId, batch, position),
      ),
    async erase(sessionId, tombstone, expectedSequence) {
      const erased = log.erase(sessionId, tombstone, expectedSequence);
      purge(sessionId);
      return erased;
    },
    purge: async (sessionId) => purge(sessionId),
    at: async (sequence) => log.at(sequence),
    last: async (sessionId) => log.last(sessionId),
    info: async () => log.info(),
    checkWritable: async () => {},

    async read(sessionId, { fromSequence = 0 } = {}) {
      const events = log.read(sessionId, fromSequence);
      verifyHistory(sessionId, events, fromSequence <= 1);
      return events;
    },

    async *scan(options) {
      const { lastSequence } = log.info();
      if (options.after >= lastSequence) return;
      for await (const batch of followBatches(log, { ...options, maxBatch: 100 }, lastSequence)) yield batch;
    },

    async *follow(options) {
      for await (const batch of followBatches(log, { ...options, maxBatch: 100 })) {
        for (const recorded of batch) {
          if (options.signal.aborted) return;
          yield recorded;
        }
      }
    },
    followBatches: (options) => followBatches(log, options),

    async consume(options) {
      const consumer = consumers.get(options.durable) ?? new MemoryConsumer(log);
      consumers.set(options.durable, consumer);
      await consumer.consume(options);
    },
  };
}

async function* followBatches(log: MemoryLog, options: FollowOptions & { maxBatch: number }, end = Infinity) {
  let position = options.after;
  while (!options.signal.aborted) {
    const batch: RecordedEvent[] = [];
    while (position < Math.min(end, log.lastSequence) && batch.length < options.maxBatch) {
      position += 1;
      if (options.sessionId !== undefined && log.sessionAt(position) !== options.sessionId) continue;
      const recorded = log.at(position);
      if (recorded !== undefined) batch.push(recorded);
    }
    if (batch.length > 0) yield batch;
    else if (position >= end) return;
    else await log.grownPast(position, options.signal);
  }
}
