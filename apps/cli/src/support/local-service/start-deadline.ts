import type { ServiceOutput } from './service-output.js';

const SILENT_START_MS = 60_000;
/** A service that says what it does gets more time for it: an image takes minutes to build, a large log to be read. */
const REPORTING_START_MS = 900_000;

/** How long a start is waited for: a while, and longer each time that the service says what it does. */
export class StartDeadline {
  private end = Date.now() + SILENT_START_MS;
  private reports = 0;

  get isOver(): boolean {
    return Date.now() >= this.end;
  }

  /** The service has said something. */
  extend(): void {
    this.end = Date.now() + REPORTING_START_MS;
  }

  /** Looks whether a service that another command started has said something since the last time. */
  async watch(output: Pick<ServiceOutput, 'notices'>): Promise<void> {
    const { length } = await output.notices();
    if (length > this.reports) this.extend();
    this.reports = length;
  }
}
