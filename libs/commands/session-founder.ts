import { Inject, Injectable } from '@nestjs/common';
import type { CommandContext, CommandOutcome } from './context.js';
import { SESSION_DEFAULTS, VAULT, type SessionDefaults, type Vault } from './ports.js';
import { requireModelKey } from './require-model-key.js';
import { mayBeStored, SessionNames } from './session-names.js';
import { SessionQuota } from './session-quota.js';
import { SessionRepository, type DecidedEvent } from './session-repository.js';

/** What is settled before the first event: an id, a name that nobody else has, and the secrets sealed under it. */
export interface Foundation {
  sessionId: string;
  name: string;
  secrets: Record<string, string>;
}

/** Begins sessions, new ones and remixes alike. */
@Injectable()
export class SessionFounder {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(SessionNames) private readonly names: SessionNames,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(SessionQuota) private readonly quota: SessionQuota,
    @Inject(SESSION_DEFAULTS) private readonly defaults: SessionDefaults,
  ) {}

  /**
   * Appends the first events; when they are refused, the name is free again.
   * @throws ApiError `model_key_missing`, `sessions_exceeded`, `name_taken`
   */
  async found(
    sessionId: string,
    wanted: { name: string | undefined; secrets: Record<string, string> },
    context: CommandContext,
    decide: (foundation: Foundation) => DecidedEvent[] | Promise<DecidedEvent[]>,
  ): Promise<CommandOutcome> {
    requireModelKey(wanted.secrets, this.defaults);
    this.quota.requireRoom('begins');
    const name = await this.names.claim(sessionId, wanted.name);
    try {
      const secrets = await this.seal(sessionId, wanted.secrets);
      return await this.sessions.begin(sessionId, await decide({ sessionId, name, secrets }), context);
    } catch (error) {
      if (!mayBeStored(error)) await this.releaseUnlessTaken(sessionId, name).catch(() => undefined);
      throw error;
    }
  }

  /** Another server may have begun this very session under the same idempotency key, and with this name. */
  private async releaseUnlessTaken(sessionId: string, name: string): Promise<void> {
    const { state } = await this.sessions.current(sessionId);
    if (state.name !== name) await this.names.release(sessionId, name);
  }

  private async seal(sessionId: string, values: Record<string, string>): Promise<Record<string, string>> {
    return Object.keys(values).length === 0 ? {} : this.vault.seal(sessionId, values);
  }
}
