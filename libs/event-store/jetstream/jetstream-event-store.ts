import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import type { EventEnvelope } from '#domain';
import type {
  AppendResult,
  Backlog,
  ConsumeOptions,
  EventStore,
  FollowOptions,
  KeptItem,
  LogInfo,
  LogSpace,
  ReadOptions,
  RecordedEvent,
} from '../event-store.js';
import { appendInBatches } from '../batches.js';
import { verifyHistory } from '../history.js';
import { assertToken } from '../tokens.js';
import type { Appender } from './appender.js';
import type { BlobStore } from './blobs.js';
import { consumeStream, type ConsumeSource } from './consume.js';
import { patiently } from './failures.js';
import { followStream } from './follow.js';
import type { LogFeed } from './feed.js';
import type { PageSize, StreamReader } from './reader.js';
import { pagesOf, readSubject } from './read-subject.js';
import { requireSpace, requireSpaceFor } from './space.js';
import { encode, type WireMessage } from './wire.js';

/** What a reader of the whole log holds at once. */
const SCAN: PageSize = { messages: 500, bytes: 1024 * 1024 };

export interface StoreParts extends ConsumeSource {
  jsm: JetStreamManager;
  subjectPrefix: string;
  appender: Appender;
  reader: StreamReader;
  feed: LogFeed;
  blobs: BlobStore;
  patienceMs: number;
  space: LogSpace;
  /** Writes something to the store of the log. */
  probe: () => Promise<void>;
  /** Ends all following and consuming. */
  closing: AbortSignal;
}

/** The log on a JetStream stream with one subject a session. */
export class JetStreamEventStore implements EventStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async append(
    sessionId: string,
    events: readonly EventEnvelope[],
    expectedSequence: number,
  ): Promise<AppendResult> {
    const subject = this.#subject(sessionId);
    requireSpaceFor(events, this.#parts.space);
    return appendInBatches(events, expectedSequence, async (batch, position) => {
      const write = { subject, messages: await this.#encoded(batch), expectedSequence: position };
      return this.#parts.appender.append(sessionId, write);
    });
  }

  async erase(sessionId: string, tombstone: EventEnvelope, expectedSequence: number): Promise<AppendResult> {
    const subject = this.#subject(sessionId);
    const messages = await this.#encoded([tombstone]);
    const write = { subject, messages, expectedSequence, rollup: true };
    const result = await this.#parts.appender.append(sessionId, write);
    await this.purge(sessionId);
    return result;
  }

  async purge(sessionId: string): Promise<void> {
    assertToken(sessionId);
    await this.#parts.blobs.eraseSession(sessionId);
  }

  async read(sessionId: string, { fromSequence = 0 }: ReadOptions = {}): Promise<RecordedEvent[]> {
    const subject = this.#subject(sessionId);
    const { reader, resolver } = this.#parts;
    const readOnce = async () => resolver.all(await readSubject(reader, subject, fromSequence));
    const events = await readOnce();
    try {
      verifyHistory(sessionId, events, fromSequence <= 1);
      return events;
    } catch {
      // An erasure between two pages looks like a gap, once.
      const again = await readOnce();
      verifyHistory(sessionId, again, fromSequence <= 1);
      return again;
    }
  }

  async last(sessionId: string): Promise<RecordedEvent | undefined> {
    const message = await this.#parts.reader.last(this.#subject(sessionId));
    return message && this.#parts.resolver.one(message);
  }

  async at(sequence: number): Promise<RecordedEvent | undefined> {
    const message = await this.#parts.reader.at(sequence);
    return message && this.#parts.resolver.one(message);
  }

  async *scan({ after, sessionId, signal }: FollowOptions): AsyncIterable<RecordedEvent[]> {
    const { reader, resolver } = this.#parts;
    for await (const page of pagesOf(reader, this.#subjectOf(sessionId), after + 1, SCAN)) {
      if (signal.aborted) return;
      yield* resolver.batches(page);
    }
  }

  follow({ after, sessionId, signal }: FollowOptions): AsyncIterable<RecordedEvent> {
    const subject = this.#subjectOf(sessionId);
    return this.#parts.feed.follow({ after, subject, signal: this.#until(signal) });
  }

  followBatches(options: FollowOptions & { maxBatch: number }): AsyncIterable<RecordedEvent[]> {
    const { after, sessionId, maxBatch } = options;
    const subject = this.#subjectOf(sessionId);
    return followStream(this.#parts, { after, subject, maxBatch, signal: this.#until(options.signal) });
  }

  async consume(options: ConsumeOptions): Promise<void> {
    await consumeStream(this.#parts, { ...options, signal: this.#until(options.signal) });
  }

  async info(): Promise<LogInfo> {
    const { created, state } = await patiently(this.#parts.patienceMs, () =>
      this.#parts.jsm.streams.info(this.#parts.stream),
    );
    const { first_seq: firstSequence, last_seq: lastSequence, messages: events, bytes } = state;
    return { created, firstSequence, lastSequence, events, bytes };
  }

  async backlog(durable: string): Promise<Backlog | undefined> {
    assertToken(durable);
    const { jsm, stream, patienceMs } = this.#parts;
    return patiently(patienceMs, async () => {
      try {
        const { num_pending, num_ack_pending } = await jsm.consumers.info(stream, durable);
        return { waiting: num_pending, unfinished: num_ack_pending };
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return;
        throw error;
      }
    });
  }

  kept(after: number, limit: number): Promise<{ items: KeptItem[]; next: number }> {
    return this.#parts.blobs.list(after, limit);
  }

  async checkWritable(): Promise<void> {
    requireSpace(this.#parts.space);
    await this.#parts.probe();
  }

  /** Large data is kept before the event that refers to it: an event never points at nothing. */
  async #encoded(events: readonly EventEnvelope[]): Promise<WireMessage[]> {
    const encoded = events.map((event) => encode(event, this.#parts.blobs.bucket));
    for (const { blob } of encoded) {
      if (blob !== undefined) await this.#parts.blobs.put(blob);
    }
    return encoded.map(({ message }) => message);
  }

  #subject(sessionId: string): string {
    assertToken(sessionId);
    return `${this.#parts.subjectPrefix}.${sessionId}`;
  }

  #subjectOf(sessionId: string | undefined): string | undefined {
    return sessionId === undefined ? undefined : this.#subject(sessionId);
  }

  #until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#parts.closing]);
  }
}
