import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '#contracts';
import type { CommandContext, CommandOutcome } from './context.js';
import { COMMAND_LOG, type CommandLog } from './ports.js';
import { SessionRepository } from './session-repository.js';

const RECORDED_WITHIN_MS = 2_000;

/** Runs a command once per idempotency key; a repeated request gets the first one's outcome. */
@Injectable()
export class Idempotency {
  private readonly running = new Map<string, Promise<CommandOutcome>>();

  constructor(
    @Inject(COMMAND_LOG) private readonly log: CommandLog,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
  ) {}

  /** @throws ApiError `idempotency_key_reused` when the key came with another body before */
  async once(context: CommandContext, work: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    if (context.idempotency === undefined) return work();
    const { key, hash } = context.idempotency;
    const before = this.running.get(key);
    const attempt = () => this.find(key, hash) ?? this.record(work);
    const result = before === undefined ? attempt() : before.then(attempt, attempt);
    this.running.set(key, result);
    try {
      return await result;
    } finally {
      if (this.running.get(key) === result) this.running.delete(key);
    }
  }

  private find(key: string, hash: string): Promise<CommandOutcome> | undefined {
    const seen = this.log.find(key);
    if (seen === undefined) return undefined;
    if (seen.hash !== hash) {
      throw new ApiError(
        'idempotency_key_reused',
        `The Idempotency-Key "${key}" came with another request before; use a new key for a new request.`,
      );
    }
    return this.replay(seen);
  }

  private async replay(seen: {
    sessionId: string;
    version: number;
    sequence: number;
  }): Promise<CommandOutcome> {
    const { state } = await this.sessions.load(seen.sessionId);
    return { ...seen, state, events: [], replayed: true };
  }

  private async record(work: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    const outcome = await work();
    if (outcome.events.length > 0) await this.log.waitFor(outcome.sequence, RECORDED_WITHIN_MS);
    return outcome;
  }
}
