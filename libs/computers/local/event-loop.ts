import { setImmediate } from 'node:timers/promises';

/** Milliseconds for which work in small steps may keep others waiting. */
const SLICE_MS = 4;

/** Lets work that never waits by itself make room for others. */
export class EventLoopSlices {
  private since = performance.now();

  /** To be asked after each step; when it is, `next` has to be awaited. */
  get isOver(): boolean {
    return performance.now() - this.since > SLICE_MS;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.since = performance.now();
  }
}
