import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '#contracts';
import { ConcurrencyError, LogError, type CommandClaim, type CommandClaims } from '#event-store';
import type { CommandContext, CommandOutcome } from './context.js';
import { COMMAND_CLAIMS } from './ports.js';
import { SessionRepository } from './session-repository.js';

/**
 * Runs a command once for each idempotency key, over all servers, whatever the views know. The key is claimed for one
 * session before any work; whether the work was done, that session's events tell, since each carries its command's id.
 * Two servers may both find that it was not: then both append at the same place, and the log takes one of them.
 */
@Injectable()
export class Idempotency {
  private readonly running = new Map<string, Promise<CommandOutcome>>();

  constructor(
    @Inject(COMMAND_CLAIMS) private readonly claims: CommandClaims,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
  ) {}

  /**
   * @param sessionId the session that the command changes, or a new id for one that it creates
   * @param work gets the id that counts: a creation that was begun before goes on under its first id
   * @throws ApiError `idempotency_key_reused` when the key came with another body before
   */
  async once(
    sessionId: string,
    context: CommandContext,
    work: (sessionId: string) => Promise<CommandOutcome>,
  ): Promise<CommandOutcome> {
    if (context.idempotency === undefined) return work(sessionId);
    const { key, hash } = context.idempotency;
    const before = this.running.get(key);
    const attempt = () => this.attempt(key, { hash, sessionId }, work);
    const result = before === undefined ? attempt() : before.then(attempt, attempt);
    this.running.set(key, result);
    try {
      return await result;
    } finally {
      if (this.running.get(key) === result) this.running.delete(key);
    }
  }

  private async attempt(
    key: string,
    wanted: CommandClaim,
    work: (sessionId: string) => Promise<CommandOutcome>,
  ): Promise<CommandOutcome> {
    const { first, claim } = await this.claims.claim(key, wanted);
    if (claim.hash !== wanted.hash) throw reused(key);
    const earlier = first ? undefined : await this.earlier(key, claim);
    return earlier ?? this.carryOut(key, first, claim, work);
  }

  private async carryOut(
    key: string,
    first: boolean,
    claim: CommandClaim,
    work: (sessionId: string) => Promise<CommandOutcome>,
  ): Promise<CommandOutcome> {
    try {
      const outcome = await work(claim.sessionId);
      const { events, replayed, version, sequence } = outcome;
      // Without an event the log cannot tell, and asked again later there might be something to do.
      if (events.length === 0 && !replayed) {
        await this.claims.settle(key, { ...claim, settled: { version, sequence } });
      }
      return outcome;
    } catch (error) {
      const earlier = error instanceof ConcurrencyError ? await this.earlier(key, claim) : undefined;
      if (earlier !== undefined) return earlier;
      if (first && !mayBeStored(error)) await this.claims.release(key).catch(() => undefined);
      throw error;
    }
  }

  private async earlier(
    key: string,
    { sessionId, settled }: CommandClaim,
  ): Promise<CommandOutcome | undefined> {
    const { state, commands } = await this.sessions.current(sessionId);
    const place = settled ?? commands.find(key);
    return place && { sessionId, ...place, state, events: [], replayed: true };
  }
}

function mayBeStored(error: unknown): boolean {
  return error instanceof LogError && error.code === 'log_unavailable';
}

function reused(key: string): ApiError {
  const shown = key.slice(key.indexOf(':', key.indexOf(':') + 1) + 1);
  return new ApiError(
    'idempotency_key_reused',
    `The Idempotency-Key "${shown}" came with another request before; use a new key for a new request.`,
  );
}
