import { ComputerError } from '#computers';
import { messageOf, type Logger } from '#runtime';
import { DeadlineError } from './deadline.js';

/** The time in which no computer can be looked at: told once, not once for every session and sweep. */
export class Outage {
  private on = false;

  constructor(private readonly logger: Logger) {}

  get isOn(): boolean {
    return this.on;
  }

  began(error: unknown): void {
    if (this.on || !isUnreachable(error)) return;
    this.on = true;
    this.logger.warn({ error: messageOf(error) }, 'the computers do not answer; every sweep tries again');
  }

  ended(): void {
    if (!this.on) return;
    this.on = false;
    this.logger.info({}, 'the computers answer again');
  }

  /** The failure has been told of. */
  covers(error: unknown): boolean {
    return this.on && isUnreachable(error);
  }
}

function isUnreachable(error: unknown): boolean {
  const isDown = error instanceof ComputerError && error.code === 'driver_unavailable';
  return isDown || error instanceof DeadlineError;
}
