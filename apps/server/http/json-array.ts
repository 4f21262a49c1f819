import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Replies with one JSON array, as fast as the client reads: the whole of it is never in memory. What fails before the
 * first items are there is answered as any other failure.
 */
export async function sendArray(
  reply: FastifyReply,
  chunks: AsyncIterable<unknown[]>,
): Promise<FastifyReply> {
  const text = jsonArrayFrom(chunks);
  const first = await text.next();
  return reply
    .type('application/json; charset=utf-8')
    .send(Readable.from(beginningWith(first, text), { objectMode: false }));
}

async function* beginningWith(
  first: IteratorResult<string, void>,
  rest: AsyncGenerator<string, void>,
): AsyncGenerator<string> {
  if (!first.done) yield first.value;
  yield* rest;
}

/** The text of the array, piece by piece, as its items come. */
async function* jsonArrayFrom(chunks: AsyncIterable<unknown[]>): AsyncGenerator<string, void> {
  let opening = '[';
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    yield opening + JSON.stringify(chunk).slice(1, -1);
    opening = ',';
  }
  yield opening === '[' ? '[]' : ']';
}
