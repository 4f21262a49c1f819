import type { JetStreamManager } from '@nats-io/jetstream';
import { beyondEnd } from '../beyond-end.js';
import { LogError, type RecordedEvent } from '../event-store.js';
import { patiently } from './failures.js';
import { FeedSubscription, type FeedMessage } from './feed-subscription.js';
import { followMessages, type FollowSource } from './follow.js';
import { pagesOf } from './read-subject.js';
import type { PageSize, StreamReader } from './reader.js';

/** The consumer is kept for so long after the last follower left, since the next one is often near. */
const LINGER_MS = 10_000;
const MAX_BATCH = 256;
/** What a follower that is behind reads at once; many may be behind at the same time. */
const CATCH_UP: PageSize = { messages: 64, bytes: 256 * 1024 };

export interface FeedSource extends FollowSource {
  jsm: JetStreamManager;
  reader: StreamReader;
  patienceMs: number;
  closing: AbortSignal;
}

export interface FeedRange {
  after: number;
  /** Undefined: all. */
  subject: string | undefined;
  signal: AbortSignal;
}

/** A run of the shared consumer, from the first follower to some time after the last one. */
interface Run {
  /** Resolves to the position that the run began after. */
  begun: Promise<number>;
  stop: AbortController;
}

/**
 * Feeds everybody in this process who follows the log from one consumer. A follower first reads what it missed, and
 * then takes what the consumer brings; one that falls behind reads again.
 */
export class LogFeed {
  readonly #source: FeedSource;
  readonly #ofAll = new Set<FeedSubscription>();
  readonly #bySubject = new Map<string, Set<FeedSubscription>>();
  #position = 0;
  #run: Run | undefined;
  #linger: NodeJS.Timeout | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  /** Everything after a position, then live, in order and without gaps, until the signal aborts. */
  async *follow({ after, subject, signal }: FeedRange): AsyncGenerator<RecordedEvent, void, void> {
    const subscription = this.#subscribe(subject, signal);
    let last = after;
    try {
      while (!signal.aborted) {
        // From here on everything new is in the subscription; what was before is read.
        subscription.begin();
        const begun = await this.#begun();
        if (last > begun) await this.#requireReached(last);
        if (last < begun) {
          for await (const message of this.#missed(subject, last, signal)) {
            last = message.sequence;
            const event = await this.#source.resolver.one(message);
            if (event !== undefined) yield event;
            if (signal.aborted) return;
          }
        }
        for await (const message of subscription) {
          if (message.sequence <= last) continue;
          last = message.sequence;
          const event = await (message.event ??= this.#source.resolver.one(message));
          if (event !== undefined) yield event;
          if (signal.aborted) return;
        }
      }
    } finally {
      this.#unsubscribe(subject, subscription);
    }
  }

  /** Somebody who has just written may be ahead of the consumer, and never of the log. */
  async #requireReached(sequence: number): Promise<void> {
    const { jsm, stream, patienceMs } = this.#source;
    const { state } = await patiently(patienceMs, () => jsm.streams.info(stream));
    if (state.last_seq < sequence) throw beyondEnd(sequence, state.last_seq);
  }

  async *#missed(
    subject: string | undefined,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<FeedMessage> {
    for await (const page of pagesOf(this.#source.reader, subject, after + 1, CATCH_UP)) {
      for (const message of page) {
        if (signal.aborted) return;
        yield message;
      }
    }
  }

  #subscribe(subject: string | undefined, signal: AbortSignal): FeedSubscription {
    const subscription = new FeedSubscription(signal);
    if (subject === undefined) this.#ofAll.add(subscription);
    else this.#bySubject.set(subject, (this.#bySubject.get(subject) ?? new Set()).add(subscription));
    clearTimeout(this.#linger);
    return subscription;
  }

  #unsubscribe(subject: string | undefined, subscription: FeedSubscription): void {
    this.#ofAll.delete(subscription);
    if (subject !== undefined) {
      const others = this.#bySubject.get(subject);
      others?.delete(subscription);
      if (others?.size === 0) this.#bySubject.delete(subject);
    }
    if (this.#ofAll.size > 0 || this.#bySubject.size > 0) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      this.#run?.stop.abort();
      this.#run = undefined;
    }, LINGER_MS).unref();
  }

  /** The position that the consumer has reached, which it is started for when it does not run. */
  async #begun(): Promise<number> {
    const run = (this.#run ??= this.#start());
    return Math.max(await run.begun, this.#position);
  }

  #start(): Run {
    const stop = new AbortController();
    const begun = Promise.withResolvers<number>();
    const run: Run = { begun: begun.promise, stop };
    // Whoever waits for it is told; nobody may be.
    begun.promise.catch(() => undefined);
    const over = (failure: unknown): void => {
      begun.reject(failure);
      // Another run has taken over, or nobody follows any more.
      if (this.#run !== run) return;
      this.#run = undefined;
      for (const subscription of this.#all()) subscription.fail(failure);
    };
    this.#feed(AbortSignal.any([stop.signal, this.#source.closing]), begun.resolve).then(
      () => over(new LogError('log_unavailable', 'The log is not followed any more. Try again.')),
      over,
    );
    return run;
  }

  async #feed(signal: AbortSignal, begun: (position: number) => void): Promise<void> {
    const { jsm, stream, patienceMs } = this.#source;
    const { state } = await patiently(patienceMs, () => jsm.streams.info(stream));
    this.#position = state.last_seq;
    const range = {
      after: state.last_seq,
      afterStoredAt: state.last_seq === 0 ? undefined : Date.parse(state.last_ts) / 1000,
      subject: undefined,
      signal,
      maxBatch: MAX_BATCH,
    };
    begun(state.last_seq);
    for await (const messages of followMessages(this.#source, range)) {
      for (const message of messages) this.#dispatch(message);
    }
  }

  #dispatch(message: FeedMessage): void {
    this.#position = message.sequence;
    for (const subscription of this.#ofAll) subscription.offer(message);
    for (const subscription of this.#bySubject.get(message.subject) ?? []) subscription.offer(message);
  }

  *#all(): Iterable<FeedSubscription> {
    yield* this.#ofAll;
    for (const subscriptions of this.#bySubject.values()) yield* subscriptions;
  }
}
