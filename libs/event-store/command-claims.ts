import { createHash, randomUUID } from 'node:crypto';
import type { Bucket, Entry } from './bucket.js';
import type { CommandClaim, CommandClaims } from './event-store.js';

interface Stored {
  /** Tells a claim from another one with the same content. */
  id: string;
  claim: CommandClaim;
}

/** Claims in a bucket, under a digest of the key: a key may have any characters. */
export function createCommandClaims(bucket: Bucket): CommandClaims {
  return {
    async claim(key, claim) {
      const name = nameOf(key);
      const own: Stored = { id: randomUUID(), claim };
      for (let revision = 0; ;) {
        if (await bucket.write(name, JSON.stringify(own), revision)) return { first: true, claim };
        const entry = await bucket.read(name);
        const stored = storedIn(entry);
        if (stored !== undefined) return { first: stored.id === own.id, claim: stored.claim };
        // Released, or forgotten because of its age.
        revision = entry?.revision ?? 0;
      }
    },

    async settle(key, claim) {
      const entry = await bucket.read(nameOf(key));
      if (entry === undefined) return;
      const stored: Stored = { id: randomUUID(), claim };
      await bucket.write(nameOf(key), JSON.stringify(stored), entry.revision);
    },

    async release(key) {
      const entry = await bucket.read(nameOf(key));
      if (entry?.value !== undefined) await bucket.write(nameOf(key), undefined, entry.revision);
    },
  };
}

function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function storedIn(entry: Entry | undefined): Stored | undefined {
  return entry?.value === undefined ? undefined : (JSON.parse(entry.value) as Stored);
}
