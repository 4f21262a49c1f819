/** The text of one JSON array, piece by piece. */
export function* jsonArray(chunks: Iterable<unknown[]>): Generator<string> {
  let opening = '[';
  for (const chunk of chunks) {
    for (const items of piecesOf(chunk)) {
      yield opening + items;
      opening = ',';
    }
  }
  yield opening === '[' ? '[]' : ']';
}

/** As `jsonArray`, for what comes over time. */
export async function* jsonArrayFrom(chunks: AsyncIterable<unknown[]>): AsyncGenerator<string> {
  let opening = '[';
  for await (const chunk of chunks) {
    for (const items of piecesOf(chunk)) {
      yield opening + items;
      opening = ',';
    }
  }
  yield opening === '[' ? '[]' : ']';
}

function* piecesOf(chunk: unknown[]): Generator<string> {
  if (chunk.length > 0) yield JSON.stringify(chunk).slice(1, -1);
}
