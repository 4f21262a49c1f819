import type { ComputerInfo } from '#computers';
import { ReportComputerDisrupted } from '#commands';
import type { Logger } from '#runtime';
import { disruptionOf, type Told } from './disruption.js';
import { ignoringRefusal, OPERATOR, type ExecuteCommand } from './execute.js';

/** What programs of one computer die of, one after the other in this time, is one incident. */
const ONE_INCIDENT_MS = 10_000;

/** Disruptions on their way from the computers to the log; at most one for each session. */
export class Disruptions {
  private readonly told = new Map<string, Told>();
  /** When a computer was last said to have survived something, by the monotonic clock. */
  private readonly survived = new Map<string, number>();

  constructor(
    private readonly execute: ExecuteCommand,
    private readonly logger: Logger,
  ) {}

  /** A computer tells of itself. Having stopped says more than having been hurt. */
  note(sessionId: string, told: Told): void {
    if (told.running && this.isSaid(sessionId)) return;
    if (this.told.get(sessionId)?.running !== false) this.told.set(sessionId, told);
  }

  has(sessionId: string): boolean {
    return this.told.has(sessionId);
  }

  /** For what is not, or no longer, about the computer as it should be. */
  forget(sessionId: string): void {
    this.told.delete(sessionId);
  }

  async report(sessionId: string, computer: ComputerInfo | undefined): Promise<void> {
    const told = this.told.get(sessionId);
    const disruption = disruptionOf(computer, told);
    this.logger.warn({ session: sessionId, ...disruption }, 'a computer was disrupted');
    this.forget(sessionId);
    if (disruption.running) this.survived.set(sessionId, performance.now());
    try {
      await ignoringRefusal(this.execute(new ReportComputerDisrupted(sessionId, disruption, OPERATOR)));
    } catch (error) {
      this.survived.delete(sessionId);
      if (told !== undefined) this.note(sessionId, told);
      throw error;
    }
  }

  private isSaid(sessionId: string): boolean {
    const atMs = this.survived.get(sessionId) ?? -Infinity;
    if (performance.now() - atMs < ONE_INCIDENT_MS) return true;
    this.survived.delete(sessionId);
    return false;
  }
}
