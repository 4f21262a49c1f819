import { ComputerError } from '#computers';
import { messageOf, type Logger } from '#runtime';
import { DeadlineError } from './deadline.js';

/** A time in which no computer can be looked at: told once, not once for every session and sweep. */
export class Outage {
  private on = false;
  private changes = 0;
  private readonly covered = new WeakSet<Error>();

  constructor(
    private readonly logger: Logger,
    /** Told why the computers cannot be looked at, and with undefined that they can again. */
    private readonly onChange: (reason: string | undefined) => void = () => undefined,
  ) {}

  get isOn(): boolean {
    return this.on;
  }

  /** Learns from how a look ends; one that an outage's begin or end fell into says nothing about now. */
  async during<T>(look: () => Promise<T>): Promise<T> {
    const { changes } = this;
    const learn = (on: boolean, error?: unknown) => {
      if (this.on !== on && this.changes === changes) this.change(on, error);
    };
    try {
      const seen = await look();
      learn(false);
      return seen;
    } catch (error) {
      if (isUnreachable(error)) {
        this.covered.add(error);
        learn(true, error);
      }
      throw error;
    }
  }

  /** Learns from work that failed because of it. */
  notice(error: ComputerError): void {
    if (!this.on) this.change(true, error);
  }

  /** The failure is the outage's, which was told of. */
  covers(error: unknown): boolean {
    return error instanceof Error && this.covered.has(error);
  }

  private change(on: boolean, error: unknown): void {
    this.on = on;
    this.changes += 1;
    this.onChange(on ? messageOf(error) : undefined);
    if (!on) return this.logger.info({}, 'the computers answer again');
    this.logger.warn({ error: messageOf(error) }, 'the computers do not answer; every sweep tries again');
  }
}

/** A look has a short deadline, so one that takes longer means the same. */
function isUnreachable(error: unknown): error is Error {
  return isAway(error) || error instanceof DeadlineError;
}

/** What makes computers does not answer. That says nothing of any session, and ends by itself. */
export function isAway(error: unknown): error is ComputerError {
  return error instanceof ComputerError && error.code === 'driver_unavailable';
}
