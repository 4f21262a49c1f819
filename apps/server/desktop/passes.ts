import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Of the cookie. */
export const PASS_NAME = 'raworc_desktop';
export const PASS_SECONDS = 12 * 60 * 60;

/**
 * Lets a browser see one session's desktop for some hours: a signature that any server with the same token can check,
 * so that a restart keeps nobody out.
 */
export class Passes {
  private readonly key: Buffer;

  constructor(
    token: string,
    private readonly now: () => number = Date.now,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', token, '', 'raworc desktop pass 1', 32));
  }

  issue(sessionId: string): string {
    const expires = String(Math.floor(this.now() / 1000) + PASS_SECONDS);
    return `${expires}.${this.sign(sessionId, expires).toString('base64url')}`;
  }

  /** Whether one of the request's cookies is a pass for the session. */
  admits(sessionId: string, cookieHeader: string | undefined): boolean {
    return cookiesNamed(PASS_NAME, cookieHeader).some((pass) => this.isValid(sessionId, pass));
  }

  private isValid(sessionId: string, pass: string): boolean {
    const [, expires, signature] = /^(\d{1,12})\.([\w-]{43})$/.exec(pass) ?? [];
    if (expires === undefined || signature === undefined) return false;
    const given = Buffer.from(signature, 'base64url');
    const expected = this.sign(sessionId, expires);
    return (
      given.length === expected.length &&
      timingSafeEqual(given, expected) &&
      Number(expires) * 1000 > this.now()
    );
  }

  private sign(sessionId: string, expires: string): Buffer {
    return createHmac('sha256', this.key).update(`${sessionId}\n${expires}`).digest();
  }
}

function cookiesNamed(name: string, header = ''): string[] {
  return header
    .split(';')
    .map((pair) => pair.trim().split('=', 2))
    .filter(([key]) => key === name)
    .map(([, value = '']) => value);
}
