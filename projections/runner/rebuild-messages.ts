import type { Poison } from './poison.js';

/** What the rebuild worker is started with. */
export interface RebuildWorkerData {
  path: string;
  logCreated: string;
  skip: ReadonlySet<number>;
  /** Modules that export a `projection`. */
  modules: string[];
}

/** To the worker: a batch of recorded events as JSON (far cheaper than a structured clone), or the end. */
export type RebuildRequest = { batch: string } | 'finish';

/** From the worker: one reply to each request, in order; nothing follows a failure. */
export type RebuildReply = 'done' | { poison: Poison } | { failure: string };
