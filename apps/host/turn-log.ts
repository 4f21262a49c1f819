import { ComputerError, type Computers } from '#computers';
import type { EventEnvelope } from '#domain';
import type { Logger } from '#runtime';
import { turnLines, turnLogName } from './turn-report.js';

const WRITE_TIMEOUT_MS = 5_000;
const CLOSE_WAIT_MS = 500;
/** The log appears with its first lines; only then the link points to it, whose literal name is a pattern. */
const BEGIN = 'mkdir -p logs && cat > "logs/$1" && ln -sfn "$1" "logs/host_*.log"';
/** In place, so that who reads along keeps reading. */
const APPEND = 'cat >> "logs/$1"';

interface Journal {
  readonly sessionId: string;
  readonly turnId: string;
  readonly events: readonly EventEnvelope[];
}

/** Host's log of a turn in the computer, for people who look there. It grows with each step; a turn never fails for it. */
export class TurnLog {
  private written = 0;
  private ending: string | undefined;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly journal: Journal,
    private readonly computers: Computers,
    private readonly logger: Logger,
  ) {}

  /** A step was taken. Its line is written while the turn goes on. */
  update(): void {
    this.writing ??= this.writeAll().finally(() => (this.writing = undefined));
  }

  /**
   * The turn ends. Resolves when all lines are written or cannot be, but does not keep the answer back for long: a
   * computer at its limit of processes takes seconds to refuse a line.
   */
  async close(ending: string): Promise<void> {
    this.ending = ending;
    const writing = (this.writing ?? Promise.resolve()).then(() => this.writeAll());
    this.writing = writing;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_WAIT_MS)));
    await Promise.race([writing, patience]);
    clearTimeout(timer);
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async writeAll(): Promise<void> {
    for (;;) {
      const { events, turnId } = this.journal;
      const lines = turnLines(events, turnId, this.ending).slice(this.written);
      if (lines.length === 0 || !(await this.write(lines))) return;
      this.written += lines.length;
    }
  }

  /** False when the computer did not take the lines now; they come with the next ones. */
  private async write(lines: string[]): Promise<boolean> {
    const { sessionId, turnId, events } = this.journal;
    const name = turnLogName(events, turnId);
    const argv = ['sh', '-c', this.written === 0 ? BEGIN : APPEND, 'sh', name];
    const stdin = lines.map((line) => `${line}\n`).join('');
    try {
      const options = { stdin, timeoutMs: WRITE_TIMEOUT_MS, maxOutputBytes: 1_000 };
      const { exitCode, output, outcome } = await this.computers.exec(sessionId, argv, options);
      if (exitCode === 0) return true;
      this.logger.warn({ exitCode, outcome, output }, `${name} could not be written into the computer`);
    } catch (error) {
      const level = error instanceof ComputerError ? 'debug' : 'warn';
      this.logger[level]({ err: error }, `${name} could not be written into the computer`);
    }
    return false;
  }
}
