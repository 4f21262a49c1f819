import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '#contracts';

/** Addresses that tell nothing of anybody's sessions. */
const PUBLIC = /^\/(healthz|readyz|version|api\/v0\/version|docs(\/.*)?)$/;

/** Refuses a request without the token, wherever it goes; `undefined` lets it pass. */
export function createGate(token: string): (request: FastifyRequest) => ApiError | undefined {
  const expected = digest(token);
  return (request) => {
    if (isFromForeignPage(request)) {
      return new ApiError('origin_refused', 'A web page of another origin may not call this service.');
    }
    if (PUBLIC.test(request.url.split('?', 1)[0] ?? '')) return undefined;
    const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    const what =
      given === undefined ? 'carries no token' : 'carries a token that is not the one of this service';
    return new ApiError(
      'unauthorized',
      `The request ${what}: send "Authorization: Bearer <token>", with the token from the file "token" in RAWORC_HOME of the service.`,
    );
  };
}

/** Browsers name the page's origin; this service's own pages come from the host that was asked. */
function isFromForeignPage({ headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Digests have one length, so that comparing them tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
