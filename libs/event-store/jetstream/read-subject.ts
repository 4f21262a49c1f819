import { LogError } from '../event-store.js';
import { followMessages, type FollowSource } from './follow.js';
import { PAGE, type StreamReader } from './reader.js';
import type { RawMessage } from './wire.js';

const TIMEOUT_MS = 30_000;

/** All messages of a subject from a sequence on: short ones by one direct read, the rest of long ones by a consumer. */
export async function readSubject(
  source: FollowSource & { reader: StreamReader },
  subject: string,
  fromSequence: number,
  length = 0,
): Promise<RawMessage[]> {
  if (length > PAGE) return readByConsumer(source, subject, Math.max(0, fromSequence - 1), []);
  const { messages, more } = await source.reader.page(subject, fromSequence);
  const last = messages.at(-1);
  return more && last !== undefined ? readByConsumer(source, subject, last.sequence, messages) : messages;
}

async function readByConsumer(
  source: FollowSource,
  subject: string,
  after: number,
  messages: RawMessage[],
): Promise<RawMessage[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for await (const batch of followMessages(source, {
    after,
    subject,
    signal,
    maxBatch: 1000,
  })) {
    for (const message of batch) messages.push(message);
    if (batch.at(-1)?.pending === 0) return messages;
  }
  throw new LogError(
    'log_unavailable',
    `Reading ${subject} took more than ${TIMEOUT_MS / 1000} s. Try again.`,
  );
}
