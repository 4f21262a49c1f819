import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '#contracts';
import { faultIn } from './json-fault.js';

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
  const fault = faultIn(value);
  if (fault === undefined) return value;
  const { path, message } = fault;
  throw new ApiError('validation_failed', path === '' ? `The body ${message}.` : `${path} ${message}.`, {
    errors: [fault],
  });
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
