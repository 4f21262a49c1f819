import type { Bucket } from './bucket.js';
import type { NameRegistry } from './event-store.js';
import { assertToken } from './tokens.js';

/** Names as keys of a bucket, the holder's session id as value. */
export function createNameRegistry(bucket: Bucket): NameRegistry {
  const claimFrom = async (name: string, sessionId: string, from: string | undefined): Promise<boolean> => {
    assertToken(name);
    const entry = await bucket.read(name);
    if (entry?.value === sessionId) return true;
    if (entry?.value !== undefined && entry.value !== from) return false;
    if (await bucket.write(name, sessionId, entry?.revision ?? 0)) return true;
    // Lost a race, perhaps against the first try of this very claim.
    return (await bucket.read(name))?.value === sessionId;
  };

  return {
    async claim(name, sessionId) {
      assertToken(name);
      // Most names are free, so this asks before it looks.
      return (await bucket.write(name, sessionId, 0)) || claimFrom(name, sessionId, undefined);
    },
    takeOver: claimFrom,

    async holder(name) {
      assertToken(name);
      const entry = await bucket.read(name);
      return entry?.value === undefined ? undefined : { sessionId: entry.value, claimedAt: entry.storedAt };
    },

    async release(name, sessionId) {
      assertToken(name);
      const entry = await bucket.read(name);
      if (entry?.value === sessionId) await bucket.write(name, undefined, entry.revision);
    },
  };
}
