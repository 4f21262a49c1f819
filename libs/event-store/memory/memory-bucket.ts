import type { Bucket, Entry } from '../bucket.js';

export function createMemoryBucket(): Bucket {
  const entries = new Map<string, Entry>();
  let revisions = 0;
  return {
    read: (key) => Promise.resolve(entries.get(key)),
    write(key, value, revision) {
      if ((entries.get(key)?.revision ?? 0) !== revision) return Promise.resolve(false);
      revisions += 1;
      entries.set(key, { value, revision: revisions, storedAt: Date.now() / 1000 });
      return Promise.resolve(true);
    },
  };
}
