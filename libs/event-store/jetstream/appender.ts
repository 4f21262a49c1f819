import { setTimeout as delay } from 'node:timers/promises';
import { ConcurrencyError, LogError, type AppendResult } from '../event-store.js';
import { retryDelay } from '../retry-delay.js';
import type { Publisher, Write } from './publisher.js';
import type { StreamReader } from './reader.js';
import { idOf, type WireMessage } from './wire.js';

const MAX_ATTEMPTS = 5;

/** Appends with certainty: where the reply leaves the outcome open, the subject's own messages tell. */
export class Appender {
  readonly #publisher: Publisher;
  readonly #reader: StreamReader;

  constructor(publisher: Publisher, reader: StreamReader) {
    this.#publisher = publisher;
    this.#reader = reader;
  }

  async append(sessionId: string, write: Write): Promise<AppendResult> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#publisher.publish(write);
      if (outcome.kind === 'stored') return { sequence: outcome.sequence, duplicate: false };

      const found = await this.#storedBefore(write, outcome.kind === 'unknown');
      if (found === 'taken') throw new ConcurrencyError(sessionId, write.expectedSequence);
      if (found !== 'free') return { sequence: found, duplicate: true };
      if (outcome.kind === 'duplicate') throw usedElsewhere(write);
      if (outcome.kind === 'conflict') throw new ConcurrencyError(sessionId, write.expectedSequence);
      if (attempt === MAX_ATTEMPTS) throw outcomeUnknown(sessionId, outcome.cause);
      await delay(retryDelay(attempt));
    }
  }

  /** The sequence of our last event when an earlier try of this write had succeeded; else who is at its place. */
  async #storedBefore(write: Write, mayFail: boolean): Promise<number | 'taken' | 'free'> {
    const { subject, messages, expectedSequence } = write;
    const [first, last] = [messages[0], messages.at(-1)] as [WireMessage, WireMessage];
    try {
      const found = await this.#reader.next(subject, expectedSequence + 1);
      if (found === undefined) return 'free';
      if (idOf(found.data) !== first.id) return 'taken';
      if (first === last) return found.sequence;
      const end = await this.#reader.at(found.sequence + messages.length - 1);
      return end?.subject === subject && idOf(end.data) === last.id ? end.sequence : 'taken';
    } catch (error) {
      // Publishing again is safe without having looked: the expected position guards it.
      if (mayFail) return 'free';
      throw error;
    }
  }
}

function usedElsewhere({ messages, subject }: Write): RangeError {
  const ids = messages.map(({ id }) => id).join(', ');
  return new RangeError(`Event id ${ids} is on the log already, and not on ${subject}: an id is used once.`);
}

function outcomeUnknown(sessionId: string, cause: unknown): LogError {
  return new LogError(
    'log_unavailable',
    `The log did not confirm the append to session ${sessionId} (${MAX_ATTEMPTS} tries). ` +
      'It may be stored or not: append the same events again when nats-server answers.',
    { cause },
  );
}
