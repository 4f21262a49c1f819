import { createHash, randomBytes } from 'node:crypto';

const VALID_FOR_MS = 60_000;
const MOST = 1_000;

interface Issued {
  sessionId: string;
  /** Unix milliseconds. */
  expiresAt: number;
}

/** One-time tickets to a session's desktop, for a browser, which cannot send the token. Kept in this process only. */
export class Tickets {
  /** By digest: looking one up tells nothing about the others. */
  private readonly issued = new Map<string, Issued>();

  constructor(
    private readonly now: () => number = Date.now,
    private readonly validFor = VALID_FOR_MS,
  ) {}

  /** `expiresAt` is in unix milliseconds. */
  issue(sessionId: string): { ticket: string; expiresAt: number } {
    this.forgetOld();
    const ticket = randomBytes(32).toString('base64url');
    const expiresAt = this.now() + this.validFor;
    this.issued.set(digest(ticket), { sessionId, expiresAt });
    return { ticket, expiresAt };
  }

  /** True once, for the session that it was issued for; a ticket that was tried is used up. */
  redeem(ticket: string, sessionId: string): boolean {
    const key = digest(ticket);
    const found = this.issued.get(key);
    this.issued.delete(key);
    return found !== undefined && found.sessionId === sessionId && found.expiresAt > this.now();
  }

  /** In order of issue, so the oldest come first. */
  private forgetOld(): void {
    for (const [key, { expiresAt }] of this.issued) {
      if (expiresAt > this.now() && this.issued.size < MOST) return;
      this.issued.delete(key);
    }
  }
}

function digest(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
