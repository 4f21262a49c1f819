import { Mutex } from '../../local/mutex.js';
import { reasonOf } from '../engine/engine-error.js';
import { pythonProgram } from '../inside/python-program.js';
import { HelperEnded } from '../processes/helper-connection.js';
import { PersistentHelper } from '../processes/persistent-helper.js';
import type { SessionContainer } from './session-container.js';

const PROGRAM = pythonProgram(new URL('../inside/', import.meta.url), ['pause']);
/** After which a computer goes on by itself, whatever has become of the service. */
const SECONDS = 30;
const CALL = { timeoutMs: 10_000, maxBytes: 0 };

/**
 * Halts the processes of one computer for moments, by a process in the container. It does not use the engine's own
 * pause: that one deadlocks when it meets the start of a process in the container, on engines of today.
 */
export class Pauses {
  private readonly helper: PersistentHelper;
  /** Held during a pause: two at the same time would end each other. */
  private readonly pausing = new Mutex();

  constructor(private readonly computer: SessionContainer) {
    this.helper = new PersistentHelper(PROGRAM, async () => {
      await computer.requireRunning();
      return { container: computer.container, root: true };
    });
  }

  /** Starts the process ahead of the first pause: later there may be no room for another one. */
  async start(): Promise<void> {
    try {
      await this.helper.start();
    } catch (error) {
      this.warn(error);
    }
  }

  /** Gives the milliseconds for which the computer stood still: none where nothing can be started in it. */
  during(work: () => Promise<void>): Promise<number> {
    return this.pausing.run(() => this.pauseFor(work));
  }

  /** Ends the process, which lets everything go on. */
  close(): void {
    this.helper.close();
  }

  private async pauseFor(work: () => Promise<void>): Promise<number> {
    const startedAt = performance.now();
    const paused = await this.pause();
    try {
      await work();
    } finally {
      if (paused) await this.resume();
    }
    return paused ? performance.now() - startedAt : 0;
  }

  /** A process that has ended meanwhile has let everything go on. */
  private async resume(): Promise<void> {
    try {
      await this.helper.callRunning({ verb: 'resume' }, CALL);
    } catch (error) {
      if (!(error instanceof HelperEnded)) throw error;
    }
  }

  private async pause(): Promise<boolean> {
    try {
      await this.helper.call({ verb: 'pause', seconds: SECONDS }, CALL);
      return true;
    } catch (error) {
      this.warn(error);
      return false;
    }
  }

  private warn(error: unknown): void {
    const fields = { session_id: this.computer.names.sessionId, reason: reasonOf(error) };
    this.computer.engine.logger?.warn(fields, 'the processes of a computer could not be paused');
  }
}
