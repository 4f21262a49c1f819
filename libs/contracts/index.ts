export * from './desktop.js';
export * from './errors.js';
export * from './limits.js';
export * from './messages.js';
export * from './queries.js';
export * from './sessions.js';
