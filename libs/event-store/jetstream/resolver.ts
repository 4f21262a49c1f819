import type { RecordedEvent } from '../event-store.js';
import type { BlobStore } from './blobs.js';
import type { StreamReader } from './reader.js';
import { blobName, corrupt, decode, isClaimed, redeem, type ClaimedEvent, type RawMessage } from './wire.js';

/** Turns messages into events, with their large data back in place. */
export class Resolver {
  readonly #reader: StreamReader;
  readonly #blobs: BlobStore;

  constructor(reader: StreamReader, blobs: BlobStore) {
    this.#reader = reader;
    this.#blobs = blobs;
  }

  /** Undefined when the event was erased in the meantime. */
  async one(message: RawMessage): Promise<RecordedEvent | undefined> {
    const recorded = decode(message);
    return isClaimed(recorded) ? this.#redeemed(recorded) : recorded;
  }

  async all(messages: readonly RawMessage[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const batch of this.batches(messages)) events.push(...batch);
    return events;
  }

  /** Mostly one batch; what comes before a message that cannot be read is handed out before the error. */
  async *batches(messages: readonly RawMessage[]): AsyncGenerator<RecordedEvent[]> {
    const batch: RecordedEvent[] = [];
    let failure: { error: unknown } | undefined;
    for (const message of messages) {
      try {
        const recorded = decode(message);
        const event = isClaimed(recorded) ? await this.#redeemed(recorded) : recorded;
        if (event !== undefined) batch.push(event);
      } catch (error) {
        failure = { error };
        break;
      }
    }
    if (batch.length > 0) yield batch;
    if (failure !== undefined) throw failure.error;
  }

  async #redeemed(claimed: ClaimedEvent): Promise<RecordedEvent | undefined> {
    const bytes = await this.#blobs.get(blobName(claimed));
    if (bytes !== undefined) return redeem(claimed, bytes);
    if ((await this.#reader.at(claimed.sequence)) === undefined) return undefined;
    throw corrupt(claimed.sequence, `its data, ${claimed.event.dataref}, is missing`);
  }
}
