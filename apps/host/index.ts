export { HOST_CONSUMER } from './host.js';
export { HostModule } from './host.module.js';
export { LIVE_SESSIONS, type HostOptions, type LiveSessions } from './options.js';
export type { ModelOptions } from './model.js';
export type { BashLimits } from './tools/bash.js';
export type { ScreenLimits } from './tools/computer/limits.js';
