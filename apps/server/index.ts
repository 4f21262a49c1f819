export { createServer } from './create-server.js';
export { Doc, type RouteDoc } from './docs/doc.js';
export { DEFAULT_TIMING, type ServerOptions, type Timing } from './options.js';
export type { MessagesView, ServerLog, SessionsView, ViewRunner, Views } from './ports.js';
export { ServerModule } from './server.module.js';
