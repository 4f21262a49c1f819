import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '#contracts';
import { Passes } from '../desktop/passes.js';
import { PublicAddress } from './public-address.js';

/** What the gate looks at, of a request or of a WebSocket that wants to open. */
export interface Caller {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

export type Gate = (caller: Caller) => ApiError | undefined;

/** Addresses that tell nothing of anybody's sessions. */
const PUBLIC =
  /^\/(healthz|readyz|version|api\/v0\/version|docs(\/.*)?|api\/v0\/desktop\/(page|novnc)\/[\w./-]*)$/;
/** What the page of a desktop asks for with its cookie, by the session's id. */
const OF_PAGE =
  /^(?:GET \/api\/v0\/sessions\/([\w-]+)\/desktop(?:\/stream|\/status)?|DELETE \/api\/v0\/sessions\/([\w-]+)\/control)$/;
const PAGE = /^\/api\/v0\/sessions\/[\w-]+\/desktop$/;

/** Refuses a request without the token, wherever it goes; `undefined` lets it pass. */
export function createGate({ token, publicUrl }: { token: string; publicUrl?: string }): Gate {
  const address = new PublicAddress(publicUrl);
  const expected = digest(token);
  const passes = new Passes(token);
  return (caller) => {
    const { origin, host } = caller.headers;
    if (origin !== undefined && !address.isOwn(origin, host)) {
      return new ApiError('origin_refused', 'A web page of another origin may not call this service.');
    }
    if (PUBLIC.test(pathOf(caller)) || bringsTicket(caller)) return undefined;
    const given = /^Bearer +(\S+) *$/i.exec(caller.headers.authorization ?? '')?.[1];
    if (given === undefined) return hasPass(passes, caller) ? undefined : unauthorized('carries no token');
    if (timingSafeEqual(digest(given), expected)) return undefined;
    return unauthorized('carries a token that is not the one of this service');
  };
}

/** The page's own handler redeems it. */
function bringsTicket(caller: Caller): boolean {
  return caller.method === 'GET' && PAGE.test(pathOf(caller)) && queryOf(caller).has('ticket');
}

/** A cookie comes along by itself, so what does more than show has to come from a page of this service. */
function hasPass(passes: Passes, caller: Caller): boolean {
  const { method, headers } = caller;
  const [, watched, controlled] = OF_PAGE.exec(`${method} ${pathOf(caller)}`) ?? [];
  const sessionId = watched ?? controlled;
  if (sessionId === undefined || !passes.admits(sessionId, headers.cookie)) return false;
  // A pass is for watching; control is given back by who holds it, and only that one knows its id.
  if (controlled !== undefined && !queryOf(caller).has('lease_id')) return false;
  const onlyShows = method === 'GET' && headers.upgrade === undefined;
  return onlyShows || headers.origin !== undefined;
}

function unauthorized(what: string): ApiError {
  return new ApiError(
    'unauthorized',
    `The request ${what}: send "Authorization: Bearer <token>", with the token from the file "token" in RAWORC_HOME of the service.`,
  );
}

function pathOf({ url }: Caller): string {
  return url.split('?', 1)[0] ?? '';
}

function queryOf(caller: Caller): URLSearchParams {
  return new URLSearchParams(caller.url.slice(pathOf(caller).length));
}

/** Digests have one length, so that comparing them tells nothing. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
