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
import { beyondEnd } from '../beyond-end.js';
import { verifyHistory } from '../history.js';
import { createCommandClaims } from '../command-claims.js';
import { createKeyStore } from '../keys.js';
import { createLeases, type Leases, type LeaseTiming } from '../leases/index.js';
import { createNameRegistry } from '../names.js';
import { MemoryBlobs } from './memory-blobs.js';
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
  const blobs = new MemoryBlobs();
  return {
    store: createStore(new MemoryLog(), blobs),
    names: createNameRegistry(createMemoryBucket()),
    keys: createKeyStore(createMemoryBucket()),
    claims: createCommandClaims(createMemoryBucket()),
    attachments: createAttachments(blobs),
    leases: createLeases(createMemoryBucket(), leaseTiming),
    signals: createMemorySignals(),
  };
}

function createStore(log: MemoryLog, blobs: MemoryBlobs): EventStore {
  const consumers = new Map<string, MemoryConsumer>();
  return {
    append: (sessionId, events, expectedSequence) =>
      appendInBatches(events, expectedSequence, async (batch, position) =>
        log.append(sessionId, batch, position),
      ),
    async erase(sessionId, tombstone, expectedSequence) {
      const erased = log.erase(sessionId, tombstone, expectedSequence);
      blobs.purge(sessionId);
      return erased;
    },
    purge: async (sessionId) => blobs.purge(sessionId),
    kept: async (after, limit) => blobs.list(after, limit),
    backlog: async (durable) => consumers.get(durable)?.backlog(),
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
      const { lastSequence } = log.info();
      if (options.after > lastSequence) throw beyondEnd(options.after, lastSequence);
      for await (const batch of followBatches(log, { ...options, maxBatch: 100 })) {
        for (const recorded of batch) {
          if (options.signal.aborted) return;
          yield recorded;
        }
      }
    },
    followBatches: (options) => followBatches(log, options),

    async consume(options) {
      const consumer = consumers.get(options.durable) ?? new MemoryConsumer(log, options.startAfter);
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
