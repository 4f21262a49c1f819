import { ApiError } from '#contracts';
import type { StreamLimits } from '../options.js';

/** Counts open event streams, so that nobody opens so many that others get none. */
export class StreamSlots {
  private readonly byClient = new Map<string, number>();
  private taken = 0;

  constructor(private readonly limits: StreamLimits) {}

  get count(): number {
    return this.taken;
  }

  /**
   * @returns a function that gives the slot back
   * @throws ApiError `streams_exceeded`
   */
  take(client: string): () => void {
    const { total, perClient } = this.limits;
    const ofClient = this.byClient.get(client) ?? 0;
    if (ofClient >= perClient) throw exceeded(`This client has ${ofClient} event streams open`, perClient);
    if (this.taken >= total) throw exceeded(`${this.taken} event streams are open`, total);
    this.byClient.set(client, ofClient + 1);
    this.taken += 1;
    return () => this.giveBack(client);
  }

  private giveBack(client: string): void {
    this.taken -= 1;
    const left = (this.byClient.get(client) ?? 1) - 1;
    if (left === 0) this.byClient.delete(client);
    else this.byClient.set(client, left);
  }
}

function exceeded(what: string, limit: number): ApiError {
  return new ApiError(
    'streams_exceeded',
    `${what}, and no more than ${limit} may be. Close one, or try again later; one stream of /api/v0/events carries the events of all sessions.`,
    { limit },
  );
}
