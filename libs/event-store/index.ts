export { beyondEnd } from './beyond-end.js';
export * from './event-store.js';
export { firstOf, foldSession, type FoldOptions } from './fold-session.js';
export { verifyHistory } from './history.js';
export * from './leases/index.js';
export { openJetStreamStore, type JetStreamStore, type JetStreamStoreOptions } from './jetstream/open.js';
export { createMemoryStore, type MemoryStore } from './memory/memory-store.js';
