export { dump } from './dump.js';
export type { ViewsHealth, ViewsLog } from './health.js';
export { PoisonEventError, type Poison } from './poison.js';
export type { Apply, Projection } from './projection.js';
export type { RebuildWorker } from './rebuild-in-worker.js';
export type { OpenLog } from './rebuild-worker.js';
export type { ReadableLog } from './verify.js';
export { openViewReader, ViewUnavailableError, type Query, type ViewReader } from './view-reader.js';
export { Views, type RebuildReport, type ViewsOptions } from './views.js';
