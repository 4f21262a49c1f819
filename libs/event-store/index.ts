export * from './event-store.js';
export { createMemoryStore, type MemoryStore } from './memory/memory-store.js';
