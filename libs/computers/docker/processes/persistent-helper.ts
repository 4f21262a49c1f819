import type Docker from 'dockerode';
import { Mutex } from '../../local/mutex.js';
import { startProcess } from '../container/container-process.js';
import { notRunning, saysNotRunning } from '../engine/engine-error.js';
import type { Frame } from './frame-reader.js';
import { type HelperCall, HelperConnection, HelperEnded } from './helper-connection.js';

/** Ends the arguments of every helper, by which it is told from the processes of the session. */
export const HELPER_NAME = 'raworc-helper';

export function helperArgv(program: string): string[] {
  return ['python3', '-I', '-S', '-c', program, HELPER_NAME];
}

export interface HelperPlace {
  container: Docker.Container;
  env?: Record<string, string>;
  root?: boolean;
}

/**
 * A Python program in a container that stays for many requests. It starts with the first of them, and anew with the
 * next one after it has ended for whatever reason: closed, killed by the session itself, or with its computer.
 */
export class PersistentHelper {
  private connection: HelperConnection | undefined;
  /** How often it was closed, by which a start sees that it is not wanted any more. */
  private closings = 0;
  /** Held while the program starts: callers at the same time get the same one. */
  private readonly starting = new Mutex();

  constructor(
    private readonly program: string,
    /** Fails when the program cannot be there, as in a computer that does not run. */
    private readonly place: () => Promise<HelperPlace>,
  ) {}

  /** Starts the program ahead of the first request. Fails as `place` does, or as the engine does. */
  async start(): Promise<void> {
    await this.connect(undefined);
  }

  /** Fails with `HelperEnded`, with `computer_not_running`, as `place` does, or as the engine does. */
  async call(request: object, options: HelperCall): Promise<Frame> {
    const connection = await this.connect(options.signal);
    try {
      return await connection.call(request, options);
    } catch (error) {
      // Where the computer stops before the program has begun, the engine says so in its place.
      if (error instanceof HelperEnded && saysNotRunning(error.reason)) throw notRunning({ cause: error });
      throw error;
    }
  }

  /** The same for a program that runs already: none is started for the request. */
  callRunning(request: object, options: HelperCall): Promise<Frame> {
    if (!this.connection?.alive) return Promise.reject(new HelperEnded('it does not run'));
    return this.connection.call(request, options);
  }

  /**
   * The same for requests that may be done twice: one that was lost with the helper is asked once more, unless the
   * helper said why it cannot work.
   */
  async callAgain(request: object, options: HelperCall): Promise<Frame> {
    try {
      return await this.call(request, options);
    } catch (error) {
      const lost = error instanceof HelperEnded && error.header === undefined;
      if (!lost || options.signal?.aborted) throw error;
      return this.call(request, options);
    }
  }

  close(): void {
    this.closings++;
    this.connection?.end('it was closed');
    this.connection = undefined;
  }

  private connect(signal: AbortSignal | undefined): Promise<HelperConnection> {
    if (this.connection?.alive) return Promise.resolve(this.connection);
    return this.starting.run(async () => {
      signal?.throwIfAborted();
      if (this.connection?.alive) return this.connection;
      const { closings } = this;
      const { container, env, root } = await this.place();
      const argv = helperArgv(this.program);
      const stream = await startProcess(container, { argv, env, root, stdin: true });
      const connection = new HelperConnection(stream);
      if (closings === this.closings) this.connection = connection;
      else connection.end('it was closed');
      return connection;
    });
  }
}
