import type { EventEnvelope } from '#domain';

/** An event with its place on the log. */
export interface RecordedEvent {
  /** Position on the whole log, over all sessions; grows by one with each event. The cursor of every stream. */
  sequence: number;
  /** When the log stored it, in unix seconds with fraction. */
  storedAt: number;
  event: EventEnvelope;
}

export interface AppendResult {
  /** Sequence of the last event appended. */
  sequence: number;
  /** The events were on the log already: this is the retry of an append that had succeeded. */
  duplicate: boolean;
}

/** Which log this is. A log that was made anew, or lost its tail in a crash, differs here. */
export interface LogInfo {
  /** Creation time of the stream: its incarnation. */
  created: string;
  firstSequence: number;
  /** Of the last event that was ever stored; it may be gone by now. */
  lastSequence: number;
  /** Events that are there. */
  events: number;
  /** What they take where they are stored. */
  bytes: number;
}

/** What a durable consumer still has to do. */
export interface Backlog {
  /** Events that no worker was given yet, those of types that none works on included. */
  waiting: number;
  /** Events that a worker was given and has not finished. */
  unfinished: number;
}

/** Something that is kept beside the events of a session: a large value, an attachment, or a part of one. */
export interface KeptItem {
  sessionId: string;
  /** Unix seconds. */
  storedAt: number;
}

export interface ReadOptions {
  fromSequence?: number;
}

export interface FollowOptions {
  /** Deliver what comes after this sequence; 0 = from the beginning. */
  after: number;
  /** Only this session's events. */
  sessionId?: string;
  /** Ends the iteration. */
  signal: AbortSignal;
}

export interface Delivery extends RecordedEvent {
  /** 1 for the first delivery; more when a worker died or gave up on it before. */
  attempt: number;
}

export interface ConsumeOptions {
  /** Name of the durable consumer; workers of one name share the work. */
  durable: string;
  /**
   * Where a durable begins that does not exist yet: after this sequence. Left out: at the beginning of the log. One
   * that exists goes on where it stopped, wherever that is.
   */
  startAfter?: number;
  /** Events of other types are acknowledged unseen. */
  types: ReadonlySet<EventEnvelope['type']>;
  signal: AbortSignal;
  /** Deliveries in work at once. */
  concurrency: number;
  /**
   * Works on one event; kept alive by heartbeats while it runs, acknowledged when it returns.
   * When it throws, the event comes again after a delay that grows to 30 s.
   */
  handle: (delivery: Delivery) => Promise<void>;
  /** Told of what `handle` threw, to log it. Must not throw. */
  onFailure?: (error: unknown, delivery: Delivery) => void;
  /** Told once of each event that could not be read now, and that comes again until it can. Must not throw. */
  onUnread?: (error: unknown, place: { sequence: number; sessionId: string }) => void;
}

/** The log: append with an expected position, read a session, follow everything. */
export interface EventStore {
  /**
   * Appends all events or none, if the session's last event is at `expectedSequence` (0: the session is new).
   * Retrying an append whose outcome was unknown is safe: the ids tell.
   * More than 1,000 events go as several such appends, in order; a retry goes on where the first try ended.
   * @throws RangeError when there are no events, or the session id cannot be part of a subject
   * @throws ConcurrencyError when the session has moved on
   * @throws LogError `log_unavailable`, `log_full`, `event_too_large`
   */
  append(
    sessionId: string,
    events: readonly EventEnvelope[],
    expectedSequence: number,
  ): Promise<AppendResult>;
  /**
   * A session's events in order; all of them, or those from a sequence on. Never stale: what was acknowledged before
   * is there.
   * @throws LogError `log_corrupt` when a version is missing
   */
  read(sessionId: string, options?: ReadOptions): Promise<RecordedEvent[]>;
  /** The session's last event; never stale. */
  last(sessionId: string): Promise<RecordedEvent | undefined>;
  /** The event at a sequence; undefined when it was erased or never was. Never stale. */
  at(sequence: number): Promise<RecordedEvent | undefined>;
  /** What is on the log by now after a position, in order, some at a time; ends there, or when the signal aborts. */
  scan(options: FollowOptions): AsyncIterable<RecordedEvent[]>;
  /**
   * Everything after a position, then live, in order and without gaps, until the signal aborts. Any number may follow:
   * a process asks the log once for all of them.
   * @throws LogError `cursor_invalid` when the log ends before that position, at once or because it lost its end
   */
  follow(options: FollowOptions): AsyncIterable<RecordedEvent>;
  /**
   * As follow, for high rates: whatever is there by now, at most `maxBatch` events, without waiting to fill up. Each
   * call costs the log a consumer, so it is for the few that follow everything for as long as they live.
   * @throws LogError `cursor_invalid` when the log lost its end
   */
  followBatches(options: FollowOptions & { maxBatch: number }): AsyncIterable<RecordedEvent[]>;
  /** Durable, shared, at-least-once work; returns when the signal aborts and running handlers are done. */
  consume(options: ConsumeOptions): Promise<void>;
  /**
   * Replaces a session's history, with its large values and attachments, by one last event.
   * @throws ConcurrencyError when the session has moved on
   */
  erase(sessionId: string, tombstone: EventEnvelope, expectedSequence: number): Promise<AppendResult>;
  /** Removes what is kept beside a session's events: large values and attachments. For what a crash left of an erasure. */
  purge(sessionId: string): Promise<void>;
  /**
   * A part of what is kept beside the events of all sessions, in the order in which it was stored, and where to go on;
   * `next` is 0 after the last part.
   */
  kept(after: number, limit: number): Promise<{ items: KeptItem[]; next: number }>;
  info(): Promise<LogInfo>;
  /** Of the durable of this name; undefined when there is none. */
  backlog(durable: string): Promise<Backlog | undefined>;
  /**
   * Writes something, beside the log.
   * @throws LogError `log_full`, `log_unavailable`
   */
  checkWritable(): Promise<void>;
}

/** The room for the log. */
export interface LogSpace {
  /** Why no more than what ends or frees something is taken, in a sentence; undefined while all is. */
  shortage(): string | undefined;
  /** Nothing can be written. */
  isExhausted(): boolean;
  /** Calls back each time it was looked at, until the returned function is called. */
  onLook(listener: () => void): () => void;
}

/** The session's last event is not where the writer believed. */
export class ConcurrencyError extends Error {
  override readonly name = 'ConcurrencyError';
  readonly code = 'concurrent_write';
  constructor(sessionId: string, expectedSequence: number, options?: ErrorOptions) {
    super(`Session ${sessionId} has events after sequence ${expectedSequence}.`, options);
  }
}

export type LogErrorCode =
  | 'log_unavailable'
  | 'log_full'
  | 'event_too_large'
  | 'log_corrupt'
  | 'log_incompatible'
  /** The log does not reach the position, or has another event there: it is not the log that the position is of. */
  | 'cursor_invalid';

/**
 * The log did not take or give an event. After `log_unavailable`, and after `log_full` where the disk ran full on the
 * way, an append may have succeeded unseen: repeat it with the same events. All other codes mean that nothing was
 * written.
 */
export class LogError extends Error {
  override readonly name = 'LogError';
  constructor(
    readonly code: LogErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Names are unique over all sessions; a claim decides who has one. */
export interface NameRegistry {
  /** False when another session holds the name. Claiming what one holds already succeeds. */
  claim(name: string, sessionId: string): Promise<boolean>;
  holder(name: string): Promise<{ sessionId: string; claimedAt: number } | undefined>;
  /** Takes over from a holder that is gone, or has released the name; false when somebody else was quicker. */
  takeOver(name: string, sessionId: string, from: string): Promise<boolean>;
  /** Gives a name back; nothing happens when the session does not hold it. */
  release(name: string, sessionId: string): Promise<void>;
}

/** What a request with an idempotency key is about. */
export interface CommandClaim {
  /** Digest of the request. */
  hash: string;
  /** The session it changes, or that it creates. */
  sessionId: string;
  /** Where the session was afterwards, for a request that had nothing to do; others are found on the log. */
  settled?: { version: number; sequence: number };
}

/**
 * Idempotency keys, over all processes, for at least a day. A claim says what a key is for; whether its command was
 * carried out, the session's events tell.
 */
export interface CommandClaims {
  /** The claim that counts: this one when it is the first, else the one that is there. */
  claim(key: string, claim: CommandClaim): Promise<{ first: boolean; claim: CommandClaim }>;
  /** Replaces the claim of a key. */
  settle(key: string, claim: CommandClaim): Promise<void>;
  /** Frees the key of a request that was refused. */
  release(key: string): Promise<void>;
}

/** Keeps each session's wrapped data key apart from the log, so that it can be destroyed. */
export interface KeyStore {
  get(sessionId: string): Promise<string | undefined>;
  /** @throws Error when the session has another key, or had one that was destroyed */
  create(sessionId: string, wrapped: string): Promise<void>;
  delete(sessionId: string): Promise<void>;
}

/** Pictures and other bytes that events name instead of holding them; kept per session, under their sha256 in hex. */
export interface Attachments {
  /** The digest under which the bytes are kept; keeping the same ones again is free. */
  put(sessionId: string, bytes: Uint8Array): Promise<string>;
  get(sessionId: string, sha256: string): Promise<Uint8Array | undefined>;
  /** Gives another session its own copy, so that erasing one does not take from the other. What is gone is left out. */
  copy(fromSessionId: string, toSessionId: string, sha256s: Iterable<string>): Promise<void>;
}

/**
 * Transient signals between the parts of a service, such as a reply's text as it streams.
 * Never stored, may be lost.
 */
export interface Signals {
  /** The topic consists of letters, digits, `_`, `-` and `.`; the payload of JSON. */
  publish(topic: string, payload: unknown): void;
  /** Listens from the call on, until the signal aborts. */
  subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown>;
}
