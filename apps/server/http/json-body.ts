import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '#contracts';

/** No reader of ours has to recurse deeper into a request. */
export const MAX_DEPTH = 64;

/** Takes JSON bodies, empty ones, and those that do not say what they are. */
export function acceptJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'string' }, async (request: FastifyRequest, text: string) => {
    if (text === '') return undefined;
    requireJson(request.headers['content-type']);
    return parse(text);
  });
}

function requireJson(contentType: string | undefined): void {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (mediaType === '' || mediaType === 'application/json') return;
  throw new ApiError(
    'media_type_unsupported',
    `The body came as ${mediaType}; send JSON with the header "Content-Type: application/json".`,
  );
}

function parse(text: string): unknown {
  const value = parseJson(text);
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw new ApiError('validation_failed', `The body is nested more than ${MAX_DEPTH} levels deep.`, {
      errors: [{ path: '', message: `at most ${MAX_DEPTH} levels` }],
    });
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const where = /position \d+.*$/.exec(String(cause))?.[0];
    const message = where
      ? `The body is not valid JSON, at ${where}.`
      : 'The body ends in the middle of its JSON.';
    throw new ApiError('malformed_json', message, {}, { cause });
  }
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((inner) => isDeeperThan(inner, depth - 1));
}
