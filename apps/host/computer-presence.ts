import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError, type Computers } from '#computers';
import type { ToolUseBlock } from '#domain';
import { isComputerMissing } from './tools/toolbox.js';
import type { TurnJournal } from './turn-journal.js';

const POLL_MS = 250;
/** An engine may take some seconds to say that a container has ended. */
const LOOKS_AFTER_BREAK = 8;

/** `paused`: by hand. Whatever ran in the computer goes on when the operator has ended the pause. */
export type Interruption = 'stopped' | 'paused';

/** Whether the computer of a turn runs, and whether it did all the time. */
export class ComputerPresence {
  constructor(
    private readonly journal: TurnJournal,
    private readonly computers: Computers,
    private readonly waitMs: number,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Waits for it: after a crash of the service or of the computer itself it runs again a moment later, and with the
   * session's secrets. Nothing was done until then; what fails later may have done something, and is not repeated.
   * @throws ComputerError why it does not run
   */
  async running(): Promise<void> {
    const deadline = performance.now() + this.waitMs;
    for (;;) {
      const problem = await this.problem({ unprepared: true });
      if (problem === undefined) return;
      if (performance.now() >= deadline) throw problem.error;
      await delay(POLL_MS, undefined, { signal: this.signal });
    }
  }

  /**
   * What happened to it while this tool ran. Driver and log may learn of it a moment later than the tool did.
   * @param broken the tool has a sign of it, so it is worth to wait for more
   */
  async interruptionDuring(use: ToolUseBlock, broken: boolean): Promise<Interruption | undefined> {
    for (let looks = broken ? LOOKS_AFTER_BREAK : 1; ; looks--) {
      const logged = await this.loggedSince(use);
      const interruption = logged === 'stopped' ? logged : ((await this.problem())?.interruption ?? logged);
      if (interruption !== undefined || looks === 1) return interruption;
      await delay(POLL_MS, undefined, { signal: this.signal });
    }
  }

  /** It may run again by now: then the log tells that it had not. */
  private async loggedSince(use: ToolUseBlock): Promise<Interruption | undefined> {
    await this.journal.catchUp();
    const { events } = this.journal;
    const started = events.findLastIndex(
      (event) => event.type === 'tool.started' && event.data.use_id === use.id,
    );
    const reasons = events
      .slice(started)
      .filter((event) => event.type === 'computer.disrupted')
      .filter(({ data }) => !data.running)
      .map(({ data }) => data.reason);
    if (reasons.some((reason) => reason !== 'paused')) return 'stopped';
    return reasons.length > 0 ? 'paused' : undefined;
  }

  /** Why it cannot be used now, or cannot be begun with while it is `unprepared`. */
  private async problem({ unprepared = false } = {}): Promise<Problem | undefined> {
    const { sessionId } = this.journal;
    try {
      const info = await this.computers.inspect(sessionId);
      if (info === undefined)
        return stopped(new ComputerError('computer_not_found', `Session ${sessionId} has no computer.`));
      if (info.running && (info.prepared || !unprepared)) return undefined;
      const interruption = info.disrupted?.reason === 'paused' ? 'paused' : 'stopped';
      const state = info.running ? 'not prepared' : interruption;
      const message = `The computer of session ${sessionId} is ${state}.`;
      return { error: new ComputerError('computer_not_running', message), interruption };
    } catch (error) {
      if (isComputerMissing(error)) return stopped(error);
      throw error;
    }
  }
}

interface Problem {
  error: ComputerError;
  interruption: Interruption;
}

function stopped(error: ComputerError): Problem {
  return { error, interruption: 'stopped' };
}
