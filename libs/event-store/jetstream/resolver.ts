import { LogError, type RecordedEvent } from '../event-store.js';
import type { BlobStore } from './blobs.js';
import type { StreamReader } from './reader.js';
import { skipped, unreadable } from './unreadable.js';
import { blobName, decode, isClaimed, redeem, type ClaimedEvent, type RawMessage } from './wire.js';

/** Large data in one batch, beyond which another one begins. */
const BATCH_BYTES = 4 * 1024 * 1024;

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
    return (await this.#resolve(message)).event;
  }

  async all(messages: readonly RawMessage[]): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (const message of messages) {
      const event = await this.one(message);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  /**
   * Mostly one batch; more where large data comes along, so that few of these are in memory at once. What comes before a
   * message whose data cannot be fetched now is handed out before the error.
   */
  async *batches(messages: readonly RawMessage[]): AsyncGenerator<RecordedEvent[]> {
    let batch: RecordedEvent[] = [];
    let largeBytes = 0;
    let failure: { error: unknown } | undefined;
    for (const message of messages) {
      try {
        const { event, bytes } = await this.#resolve(message);
        if (event !== undefined) batch.push(event);
        largeBytes += bytes;
      } catch (error) {
        failure = { error };
        break;
      }
      if (largeBytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      largeBytes = 0;
    }
    if (batch.length > 0) yield batch;
    if (failure !== undefined) throw failure.error;
  }

  /** With the bytes of its large data. */
  async #resolve(message: RawMessage): Promise<{ event: RecordedEvent | undefined; bytes: number }> {
    if (this.#skip.has(message.sequence)) return { event: skipped(message), bytes: 0 };
    const recorded = decode(message);
    if (!isClaimed(recorded)) return { event: recorded, bytes: 0 };
    return { event: await this.#redeemed(message, recorded), bytes: recorded.event.datasize };
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
