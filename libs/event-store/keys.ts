import type { Bucket } from './bucket.js';
import type { KeyStore } from './event-store.js';
import { assertToken } from './tokens.js';

/** Wrapped data keys in a bucket by session id. A deleted key stays deleted: its marker refuses a new one. */
export function createKeyStore(bucket: Bucket): KeyStore {
  return {
    async get(sessionId) {
      assertToken(sessionId);
      return (await bucket.read(sessionId))?.value;
    },

    async create(sessionId, wrapped) {
      assertToken(sessionId);
      if (await bucket.write(sessionId, wrapped, 0)) return;
      if ((await bucket.read(sessionId))?.value === wrapped) return;
      throw new Error(`Session ${sessionId} has, or had, another data key; a key is never replaced.`);
    },

    async delete(sessionId) {
      assertToken(sessionId);
      for (;;) {
        const entry = await bucket.read(sessionId);
        if (entry?.value === undefined) return;
        if (await bucket.write(sessionId, undefined, entry.revision)) return;
      }
    },
  };
}
