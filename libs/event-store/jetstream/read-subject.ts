import type { PageSize, StoredMessage, StreamReader } from './reader.js';

/** All messages of a subject from a sequence on, as the stream's leader has them. */
export async function readSubject(
  reader: StreamReader,
  subject: string,
  fromSequence: number,
): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  for await (const messages of pagesOf(reader, subject, fromSequence)) {
    for (const message of messages) all.push(message);
  }
  return all;
}

/**
 * The same page by page, of a subject or of the whole stream. Pages may come from a copy that lags behind; where they end, the leader is asked whether
 * there is more, which is then read from it.
 */
export async function* pagesOf(
  reader: StreamReader,
  subject: string | undefined,
  fromSequence: number,
  size?: PageSize,
): AsyncGenerator<StoredMessage[]> {
  let next = fromSequence;
  for (;;) {
    const { messages, more } = await reader.page(subject, next, size);
    next = (messages.at(-1)?.sequence ?? next - 1) + 1;
    if (messages.length > 0) yield messages;
    if (more && messages.length > 0) continue;
    const missed = reader.mayLag || more ? await reader.next(subject, next) : undefined;
    if (missed === undefined) return;
    yield [missed];
    next = missed.sequence + 1;
  }
}
