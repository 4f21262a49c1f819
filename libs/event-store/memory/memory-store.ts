import { appendInBatches } from '../batches.js';
import type {
  EventStore,
  FollowOptions,
  KeyStore,
  NameRegistry,
  RecordedEvent,
  Signals,
} from '../event-store.js';
import { verifyHistory } from '../history.js';
import { createKeyStore } from '../keys.js';
import { createNameRegistry } from '../names.js';
import { createMemoryBucket } from './memory-bucket.js';
import { MemoryConsumer } from './memory-consumer.js';
import { MemoryLog } from './memory-log.js';
import { createMemorySignals } from './memory-signals.js';

export interface MemoryStore {
  store: EventStore;
  names: NameRegistry;
  keys: KeyStore;
  signals: Signals;
}

/** A log in this process's memory that keeps every promise but durability. */
export function createMemoryStore(): MemoryStore {
  return {
    store: createStore(new MemoryLog()),
    names: createNameRegistry(createMemoryBucket()),
    keys: createKeyStore(createMemoryBucket()),
    signals: createMemorySignals(),
  };
}

function createStore(log: MemoryLog): EventStore {
  const consumers = new Map<string, MemoryConsumer>();
  return {
    append: (sessionId, events, expectedSequence) =>
      appendInBatches(events, expectedSequence, async (batch, position) =>
        log.append(sessionId, batch, position),
      ),
    erase: async (sessionId, tombstone, expectedSequence) =>
      log.erase(sessionId, tombstone, expectedSequence),
    at: async (sequence) => log.at(sequence),
    last: async (sessionId) => log.last(sessionId),
    info: async () => log.info(),

    async read(sessionId, { fromSequence = 0 } = {}) {
      const events = log.read(sessionId, fromSequence);
      verifyHistory(sessionId, events, fromSequence <= 1);
      return events;
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

async function* followBatches(log: MemoryLog, options: FollowOptions & { maxBatch: number }) {
  let position = options.after;
  while (!options.signal.aborted) {
    const batch: RecordedEvent[] = [];
    while (position < log.lastSequence && batch.length < options.maxBatch) {
      position += 1;
      if (options.sessionId !== undefined && log.sessionAt(position) !== options.sessionId) continue;
      const recorded = log.at(position);
      if (recorded !== undefined) batch.push(recorded);
    }
    if (batch.length > 0) yield batch;
    else await log.grownPast(position, options.signal);
  }
}
