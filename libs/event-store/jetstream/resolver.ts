import { LogError, type RecordedEvent } from '../event-store.js';
import type { BlobStore } from './blobs.js';
import type { StreamReader } from './reader.js';
import { skipped, unreadable } from './unreadable.js';
import { blobName, decode, isClaimed, redeem, type ClaimedEvent, type RawMessage } from './wire.js';

/** Turns messages into events, with their large data back in place. */
export class Resolver {
  readonly #reader: StreamReader;
  readonly #blobs: BlobStore;
  readonly #skip: ReadonlySet<number>;

  constructor(reader: StreamReader, blobs: BlobStore, skip: ReadonlySet<number> = new Set()) {
    this.#reader = reader;
    this.#blobs = blobs;
    this.#skip = skip;
  }

  /** Undefined when the event was erased in the meantime. */
  async one(message: RawMessage): Promise<RecordedEvent | undefined> {
    if (this.#skip.has(message.sequence)) return skipped(message);
    const recorded = decode(message);
    return isClaimed(recorded) ? this.#redeemed(message, recorded) : recorded;
  }

  async all(messages: readonly RawMessage[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (const message of messages) {
      const event = await this.one(message);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /** Mostly one batch; what comes before a message whose data cannot be fetched now is handed out before the error. */
  async *batches(messages: readonly RawMessage[]): AsyncGenerator<RecordedEvent[]> {
    const batch: RecordedEvent[] = [];
    let failure: { error: unknown } | undefined;
    for (const message of messages) {
      try {
        const event = await this.one(message);
        if (event !== undefined) batch.push(event);
      } catch (error) {
        failure = { error };
        break;
      }
    }
    if (batch.length > 0) yield batch;
    if (failure !== undefined) throw failure.error;
  }

  async #redeemed(message: RawMessage, claimed: ClaimedEvent): Promise<RecordedEvent | undefined> {
    const { dataref } = claimed.event;
    try {
      const bytes = await this.#blobs.get(blobName(claimed));
      if (bytes !== undefined) return redeem(message, claimed, bytes);
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== 'log_corrupt') throw error;
      return unreadable(message, {
        problem: 'data_damaged',
        what: `its data, ${dataref}, is not what was written`,
        envelope: claimed.event,
      });
    }
    if ((await this.#reader.at(message.sequence)) === undefined) return undefined;
    const what = `its data, ${dataref}, is missing`;
    return unreadable(message, { problem: 'data_missing', what, envelope: claimed.event });
  }
}
