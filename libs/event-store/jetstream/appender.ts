import { setTimeout as delay } from 'node:timers/promises';
import { ConcurrencyError, LogError, type AppendResult, type LogSpace } from '../event-store.js';
import { patienceDelay } from './failures.js';
import type { Outcome, Publishing, Write } from './publisher.js';
import type { StreamReader } from './reader.js';
import { idOf, type WireMessage } from './wire.js';

/** Appends with certainty: where a reply leaves the outcome open, the subject's own messages tell. */
export class Appender {
  readonly #publisher: Publishing;
  readonly #reader: StreamReader;
  readonly #patienceMs: number;
  readonly #space: LogSpace;

  /** @param patienceMs how long an append is repeated that is not answered */
  constructor(publisher: Publishing, reader: StreamReader, patienceMs: number, space: LogSpace) {
    this.#space = space;
    this.#publisher = publisher;
    this.#reader = reader;
    this.#patienceMs = patienceMs;
  }

  /** Publishing again is safe: the expected position lets the write in once, and a refusal leads to a look. */
  async append(sessionId: string, write: Write<WireMessage>): Promise<AppendResult> {
    const end = Date.now() + this.#patienceMs;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#publish(write);
      if (outcome.kind === 'stored') return { sequence: outcome.sequence, duplicate: false };
      if (outcome.kind !== 'unknown') return this.#storedBefore(sessionId, write, outcome.kind);
      if (this.#space.isExhausted()) throw exhausted(sessionId, outcome.cause);
      const wait = patienceDelay(attempt);
      if (Date.now() + wait > end) throw outcomeUnknown(sessionId, attempt, outcome.cause);
      await delay(wait);
    }
  }

  /** A server on a full disk does not answer: then its answer is not waited for. */
  #publish(write: Write): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    let looks = 0;
    const forget = this.#space.onLook(() => {
      // The first look may have been under way before this.
      looks += 1;
      if (looks > 1 && this.#space.isExhausted()) resolve({ kind: 'unknown', cause: undefined });
    });
    this.#publisher.publish(write).then(resolve, reject);
    return promise.finally(forget);
  }

  /** Finds our own events where they belong, as an earlier try left them; otherwise the refusal stands. */
  async #storedBefore(
    sessionId: string,
    { subject, messages, expectedSequence }: Write<WireMessage>,
    refusal: 'conflict' | 'duplicate',
  ): Promise<AppendResult> {
    const [first, last] = [messages[0], messages.at(-1)] as [WireMessage, WireMessage];
    const found = await this.#reader.next(subject, expectedSequence + 1);
    if (found === undefined && refusal === 'duplicate') throw usedElsewhere(messages, subject);

    const conflict = () => new ConcurrencyError(sessionId, expectedSequence);
    if (found === undefined || idOf(found.data) !== first.id) throw conflict();
    if (first === last) return { sequence: found.sequence, duplicate: true };
    const end = await this.#reader.at(found.sequence + messages.length - 1);
    if (end?.subject !== subject || idOf(end.data) !== last.id) throw conflict();
    return { sequence: end.sequence, duplicate: true };
  }
}

function usedElsewhere(messages: readonly WireMessage[], subject: string): RangeError {
  const ids = messages.map(({ id }) => id).join(', ');
  return new RangeError(`Event id ${ids} is on the log already, and not on ${subject}: an id is used once.`);
}

function exhausted(sessionId: string, cause: unknown): LogError {
  const message = `The disk of the log is full: the append to session ${sessionId} was not confirmed. Make room, and append the same events again.`;
  return new LogError('log_full', message, { cause });
}

function outcomeUnknown(sessionId: string, tries: number, cause: unknown): LogError {
  return new LogError(
    'log_unavailable',
    `The log did not confirm the append to session ${sessionId} (${tries} tries). ` +
      'It may be stored or not: append the same events again when nats-server answers.',
    { cause },
  );
}
