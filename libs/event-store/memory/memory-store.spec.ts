import { describeEventStore } from '../conformance.js';
import { HASTY } from '../conformance/leasing.js';
import { createMemoryStore } from './memory-store.js';

describeEventStore('Memory', async () => ({
  ...createMemoryStore(HASTY),
  forgetIds: async () => {},
  close: async () => {},
}));
