import { describeEventStore } from '../conformance.js';
import { createMemoryStore } from './memory-store.js';

describeEventStore('Memory', async () => ({
  ...createMemoryStore(),
  forgetIds: async () => {},
  close: async () => {},
}));
