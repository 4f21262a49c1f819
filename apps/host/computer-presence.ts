import { setTimeout as delay } from 'node:timers/promises';
import { ComputerError, type Computers } from '#computers';
import type { ToolUseBlock } from '#domain';
import { isComputerMissing } from './tools/toolbox.js';
import type { TurnJournal } from './turn-journal.js';

const POLL_MS = 250;
/** An engine may take some seconds to say that a container has ended. */
const LOOKS_AFTER_BREAK = 8;

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
      if (performance.now() >= deadline) throw problem;
      await delay(POLL_MS, undefined, { signal: this.signal });
    }
  }

  /**
   * Whether it ended while this tool ran. Driver and log may learn of it a moment later than the tool did.
   * @param broken the tool has a sign of it, so it is worth to wait for more
   */
  async endedDuring(use: ToolUseBlock, broken: boolean): Promise<boolean> {
    for (let looks = broken ? LOOKS_AFTER_BREAK : 1; ; looks--) {
      if ((await this.problem()) !== undefined || (await this.wasDisrupted(use))) return true;
      if (looks === 1) return false;
      await delay(POLL_MS, undefined, { signal: this.signal });
    }
  }

  /** It may run again by now: then the log tells that it had stopped. */
  private async wasDisrupted(use: ToolUseBlock): Promise<boolean> {
    await this.journal.catchUp();
    const { events } = this.journal;
    const started = events.findLastIndex(
      (event) => event.type === 'tool.started' && event.data.use_id === use.id,
    );
    return events.slice(started).some((event) => event.type === 'computer.disrupted' && !event.data.running);
  }

  /** Why it cannot be used now, or cannot be begun with while it is `unprepared`. */
  private async problem({ unprepared = false } = {}): Promise<ComputerError | undefined> {
    const { sessionId } = this.journal;
    try {
      const info = await this.computers.inspect(sessionId);
      if (info === undefined)
        return new ComputerError('computer_not_found', `Session ${sessionId} has no computer.`);
      if (info.running && (info.prepared || !unprepared)) return undefined;
      const state = info.running ? 'not prepared' : 'stopped';
      return new ComputerError('computer_not_running', `The computer of session ${sessionId} is ${state}.`);
    } catch (error) {
      if (isComputerMissing(error)) return error;
      throw error;
    }
  }
}
