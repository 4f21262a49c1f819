export { RuntimeError } from './errors.js';
export { NatsError } from './nats/nats-error.js';
export { startTestNats } from './nats/test-server.js';
export type { TestNats } from './nats/test-server.js';
