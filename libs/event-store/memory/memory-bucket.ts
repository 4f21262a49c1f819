import type { Bucket, Entry } from '../bucket.js';

export function createMemoryBucket(): Bucket {
  const entries = new Map<string, Entry>();
  let revisions = 0;
  const set = (key: string, value: string | undefined, revision: number): number | undefined => {
    if ((entries.get(key)?.revision ?? 0) !== revision) return undefined;
    revisions += 1;
    entries.set(key, { value, revision: revisions, storedAt: Date.now() / 1000 });
    return revisions;
  };
  return {
    read: (key) => Promise.resolve(entries.get(key)),
    write: (key, value, revision) => Promise.resolve(set(key, value, revision) !== undefined),
    put: (key, value, revision) => Promise.resolve(set(key, value, revision)),
  };
}
