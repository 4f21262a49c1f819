import { Inject, Injectable } from '@nestjs/common';
import { ApiError } from '#contracts';
import { LogError, type NameRegistry } from '#event-store';
import { IDS, NAMES, type Ids } from './ports.js';
import { SessionRepository } from './session-repository.js';

/** A claim without a session this old was left by a crash. */
const ABANDONED_AFTER_SECONDS = 60;
const GENERATED_NAME_ATTEMPTS = 20;

/** Keeps names unique over all sessions. */
@Injectable()
export class SessionNames {
  constructor(
    @Inject(NAMES) private readonly registry: NameRegistry,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(IDS) private readonly ids: Ids,
  ) {}

  /**
   * Claims the wanted name, or a made-up one.
   * @throws ApiError `name_taken`
   */
  async claim(sessionId: string, wanted: string | undefined): Promise<string> {
    if (wanted !== undefined) {
      if (await this.tryClaim(sessionId, wanted)) return wanted;
      throw new ApiError(
        'name_taken',
        `Another session is named "${wanted}"; choose another name, or delete that session.`,
      );
    }
    for (let attempt = 1; attempt < GENERATED_NAME_ATTEMPTS; attempt++) {
      const name = this.ids.friendlyName();
      if (await this.registry.claim(name, sessionId)) return name;
    }
    const unique = `session-${sessionId.slice(-12)}`;
    await this.registry.claim(unique, sessionId);
    return unique;
  }

  async release(sessionId: string, name: string): Promise<void> {
    await this.registry.release(name, sessionId);
  }

  private async tryClaim(sessionId: string, name: string): Promise<boolean> {
    if (await this.registry.claim(name, sessionId)) return true;
    const holder = await this.registry.holder(name);
    if (holder === undefined) return this.registry.claim(name, sessionId);
    if (!(await this.isAbandoned(name, holder))) return false;
    return this.registry.takeOver(name, sessionId, holder.sessionId);
  }

  private async isAbandoned(
    name: string,
    holder: { sessionId: string; claimedAt: number },
  ): Promise<boolean> {
    const { state } = await this.sessions.current(holder.sessionId);
    if (state.lifecycle === 'deleted' || state.lifecycle === 'erased') return true;
    const age = this.ids.now().getTime() / 1000 - holder.claimedAt;
    if (age < ABANDONED_AFTER_SECONDS) return false;
    return state.lifecycle === 'none' || state.name !== name;
  }
}

/** Then the claim stays: it is the session's if there is one, and can be taken over after a while if not. */
export function mayBeStored(error: unknown): boolean {
  return error instanceof LogError && error.code === 'log_unavailable';
}
