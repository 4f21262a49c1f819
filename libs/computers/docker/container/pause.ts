import { reasonOf } from '../engine/engine-error.js';
import { pythonProgram } from '../inside/python-program.js';
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

  constructor(private readonly computer: SessionContainer) {
    this.helper = new PersistentHelper(PROGRAM, async () => {
      await computer.requireRunning();
      return { container: computer.container, root: true };
    });
  }

  /** Gives the milliseconds for which the computer stood still: none where nothing can be started in it. */
  async during(work: () => Promise<void>): Promise<number> {
    const startedAt = performance.now();
    const paused = await this.ask({ verb: 'pause', seconds: SECONDS });
    try {
      await work();
    } finally {
      if (paused) await this.ask({ verb: 'resume' });
    }
    return paused ? performance.now() - startedAt : 0;
  }

  /** Ends the process, which lets everything go on. */
  close(): void {
    this.helper.close();
  }

  private async ask(request: object): Promise<boolean> {
    try {
      await this.helper.call(request, CALL);
      return true;
    } catch (error) {
      const fields = { session_id: this.computer.names.sessionId, reason: reasonOf(error) };
      this.computer.engine.logger?.warn(fields, 'a computer could not be paused for its snapshot');
      return false;
    }
  }
}
