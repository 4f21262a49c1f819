import type { FastifyRequest } from 'fastify';

/**
 * Under which address people and programs reach this server. Behind a proxy that is not the one where it listens: the
 * proxy may end TLS, have another name, and put a prefix before every path, which it takes off again.
 */
export class PublicAddress {
  private readonly base: URL | undefined;

  /** @param publicUrl such as `https://example.com/raworc`; without it the address is the one that was asked */
  constructor(publicUrl: string | undefined) {
    this.base = publicUrl === undefined ? undefined : new URL(publicUrl);
  }

  /** A path of this server as its clients see it. */
  path(path: string): string {
    return `${this.base?.pathname.replace(/\/+$/, '') ?? ''}${path}`;
  }

  /** The same as a whole address. */
  url(request: FastifyRequest, path: string): string {
    const origin = this.base?.origin ?? `${schemeOf(request)}://${request.headers.host ?? ''}`;
    return `${origin}${this.path(path)}`;
  }

  isSecure(request: FastifyRequest): boolean {
    return this.base === undefined ? schemeOf(request) === 'https' : this.base.protocol === 'https:';
  }

  /** Whether a page of this origin comes from this server, which was asked as `host`. */
  isOwn(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    return new URL(origin).host === host || new URL(origin).origin === this.base?.origin;
  }
}

/** A proxy in front may end TLS; claiming so only makes one's own cookie stricter. */
function schemeOf({ protocol, headers }: FastifyRequest): 'http' | 'https' {
  return protocol === 'https' || headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
}
