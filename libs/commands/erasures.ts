import { Inject, Injectable } from '@nestjs/common';
import type { EventStore } from '#event-store';
import { EVENT_STORE, VAULT, type Vault } from './ports.js';

/** What an erasure removes beside the log. Each step can be repeated, so that any process can finish it. */
@Injectable()
export class Erasures {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(VAULT) private readonly vault: Vault,
  ) {}

  /** Once the tombstone is on the log: from then on no crash may leave large values, attachments or the data key. */
  async finish(sessionId: string): Promise<void> {
    await this.vault.destroy(sessionId);
    await this.store.purge(sessionId);
  }
}
