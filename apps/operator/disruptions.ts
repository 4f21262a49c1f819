import type { ComputerInfo } from '#computers';
import { ReportComputerDisrupted } from '#commands';
import type { Logger } from '#runtime';
import type { CurrentSession } from './current-sessions.js';
import { disruptionOf, isSameIncident, type Told } from './disruption.js';
import { ignoringRefusal, OPERATOR, type ExecuteCommand } from './execute.js';

/** Disruptions on their way from the computers to the log; at most one for each session. */
export class Disruptions {
  private readonly told = new Map<string, Told>();

  constructor(
    private readonly execute: ExecuteCommand,
    private readonly logger: Logger,
  ) {}

  /** A computer tells of itself. Having stopped says more than having been hurt. */
  note(sessionId: string, told: Told): void {
    if (this.told.get(sessionId)?.running !== false) this.told.set(sessionId, told);
  }

  has(sessionId: string): boolean {
    return this.told.has(sessionId);
  }

  /** For what is not, or no longer, about the computer as it should be. */
  forget(sessionId: string): void {
    this.told.delete(sessionId);
  }

  /** What was told stays until it is on the log. */
  async report({ id, last }: CurrentSession, computer: ComputerInfo | undefined): Promise<void> {
    const told = this.told.get(id);
    const disruption = disruptionOf(computer, told);
    if (!isSameIncident(disruption, last, Date.now())) {
      this.logger.warn({ session: id, ...disruption }, 'a computer was disrupted');
      await ignoringRefusal(this.execute(new ReportComputerDisrupted(id, disruption, OPERATOR)));
    }
    if (this.told.get(id) === told) this.told.delete(id);
  }
}
