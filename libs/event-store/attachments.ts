import { createHash } from 'node:crypto';
import type { Attachments } from './event-store.js';

/** Where bytes are kept by name. */
export interface NamedBytes {
  put(blob: { name: string; bytes: Uint8Array }): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
}

const DIGEST = /^[0-9a-f]{64}$/;

export function createAttachments(store: NamedBytes): Attachments {
  const get = async (sessionId: string, sha256: string): Promise<Uint8Array | undefined> =>
    DIGEST.test(sha256) ? store.get(`${sessionId}.${sha256}`) : undefined;
  const put = async (sessionId: string, bytes: Uint8Array): Promise<string> => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await store.put({ name: `${sessionId}.${sha256}`, bytes });
    return sha256;
  };
  return {
    put,
    get,
    async copy(fromSessionId, toSessionId, sha256s) {
      for (const sha256 of new Set(sha256s)) {
        const bytes = await get(fromSessionId, sha256);
        if (bytes !== undefined) await put(toSessionId, bytes);
      }
    },
  };
}
