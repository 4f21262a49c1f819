import { isImage, type ContentBlock } from '#domain';
import { ModelError, SHORTEN } from './model-failure.js';
import type { ModelRequest } from './model-request.js';

/** What the Messages API takes in one request. */
export const REQUEST_LIMITS = { bytes: 32 * 1024 * 1024, pictures: 600 };

/**
 * Counts what a request would be with its pictures in it, before any of them is read: a body of that size would be
 * made in memory, sent, and refused.
 * @returns its bytes
 * @throws ModelError `context_limit`, saying what there is too much of and what helps
 */
export function requireSendable(request: ModelRequest, limits = REQUEST_LIMITS): number {
  const pictures = request.messages.flatMap(({ content }) =>
    typeof content === 'string' ? [] : picturesIn(content),
  );
  const encoded = pictures.reduce((sum, bytes) => sum + Math.ceil(bytes / 3) * 4, 0);
  const bytes = Buffer.byteLength(JSON.stringify(request)) + encoded;
  const tooMany = pictures.length > limits.pictures;
  if (bytes <= limits.bytes && !tooMany) return bytes;
  const size = `${pictures.length} pictures and ${megabytes(bytes)} MB`;
  const limit = tooMany ? `${limits.pictures} pictures` : `${megabytes(limits.bytes)} MB`;
  throw new ModelError(
    'context_limit',
    `The conversation has ${size}, more than the ${limit} that Claude takes in one request. ${SHORTEN}`,
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, '');
}

/** The sizes of those in a list of blocks, also inside the results of tools. */
function picturesIn(blocks: readonly ContentBlock[]): number[] {
  return blocks.flatMap((block) => {
    if (isImage(block)) return [block.source.bytes];
    return Array.isArray(block['content']) ? picturesIn(block['content'] as ContentBlock[]) : [];
  });
}
