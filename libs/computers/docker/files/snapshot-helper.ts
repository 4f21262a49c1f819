import { ComputerError } from '../../computer.js';
import { Mutex } from '../../local/mutex.js';
import { volumeMount } from '../container/container-options.js';
import { startProcess } from '../container/container-process.js';
import type { SessionContainer } from '../container/session-container.js';
import { demultiplex } from '../engine/engine-stream.js';
import { type StartedHelper, startHelper } from '../engine/helper.js';
import { STORE_PROGRAM, type StoreRequest } from '../inside/store/index.js';
import type { Frame } from '../processes/frame-reader.js';
import { HelperConnection, HelperEnded } from '../processes/helper-connection.js';
import { helperArgv } from '../processes/persistent-helper.js';
import { makeSnapshotVolume } from './snapshot-volume.js';
import { type Doing, checkHeader, programFailed } from './inside-call.js';

const TIMEOUT_MS = 600_000;
/** A helper of a computer that stands still waits this long for another request to read. */
const IDLE_MS = 30_000;

interface Opened extends StartedHelper<HelperConnection> {
  /** Until the computer stops. */
  stays: boolean;
}

/** Asks one helper; every request of a row has to reach the same one. */
export type AskStore = (request: StoreRequest, maxBytes?: number) => Promise<Frame>;

/**
 * Works on a session's snapshot store in a container beside the session's, out of the reach of whatever runs in there.
 * The container stays while the computer runs, because starting one takes longer than most snapshots.
 */
export class SnapshotHelper {
  private current: Promise<Opened> | undefined;
  /** The end of those before it, for callers of `close` at the same time. */
  private closing: Promise<unknown> = Promise.resolve();
  /** Held while one is opened: callers at the same time get the same one. */
  private readonly opening = new Mutex();
  private idle: NodeJS.Timeout | undefined;
  private readonly doing: Doing;

  constructor(
    private readonly computer: SessionContainer,
    /** Called when a helper starts beside a computer that runs; must not fail. */
    private readonly onStart: () => Promise<void>,
  ) {
    this.doing = { doing: 'copying', subject: `files of session ${computer.names.sessionId}` };
  }

  /**
   * Runs a row of requests. While the helper is there, so are the volumes that it has, and the engine is not asked. One
   * that was lost, perhaps long ago with the engine, is replaced once, and asked for everything again.
   */
  async run<T>(work: (ask: AskStore, running: boolean) => Promise<T>, options: RunOptions = {}): Promise<T> {
    const { signal } = options;
    const abort = (): void => void this.close().catch(() => undefined);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      for (let attempt = 1; ; attempt++) {
        if (signal?.aborted) throw aborted(this.computer);
        try {
          return await this.runOnce(work, options);
        } catch (error) {
          if (!(error instanceof HelperEnded)) throw error;
          if (signal?.aborted) throw aborted(this.computer);
          if (attempt > 1) throw programFailed(error.reason, this.doing);
        }
      }
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Runs a program of root's in the helper's container, whatever else the helper does, and gives what it says. */
  async beside(argv: string[], withinMs: number): Promise<string> {
    const { container, stays } = await this.opened();
    const stream = await startProcess(container, { argv, root: true, stdin: false });
    const deadline = setTimeout(() => stream.destroy(), withinMs);
    let said = '';
    await demultiplex(stream, { onStdout: (chunk) => (said += chunk.toString('latin1')) });
    clearTimeout(deadline);
    if (!stays) this.closeWhenIdle();
    return said;
  }

  /** Resolves when the helper is gone, whoever closed it, and holds no volume any more. Ends whatever it does. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    const { current } = this;
    this.current = undefined;
    if (current !== undefined) {
      const ending = this.end(current);
      // One that failed is told to whoever began it, and holds up nobody after that.
      this.closing = Promise.allSettled([this.closing, ending]);
      await ending;
    }
    await this.closing;
  }

  private async end(current: Promise<Opened>): Promise<void> {
    const opened = await current.catch(() => undefined);
    opened?.listener.end('it was closed');
    await opened?.remove();
  }

  private async runOnce<T>(
    work: (ask: AskStore, running: boolean) => Promise<T>,
    { lingers = false, doing = this.doing }: RunOptions,
  ): Promise<T> {
    clearTimeout(this.idle);
    const opened = await this.opened();
    const { listener: connection, stays } = opened;
    let answered = true;
    const ask: AskStore = async (request, maxBytes = 64 * 1024) => {
      answered = false;
      const frame = await connection.call(request, { timeoutMs: TIMEOUT_MS, maxBytes });
      answered = true;
      checkHeader(frame.header, doing);
      return frame;
    };
    try {
      return await work(ask, stays);
    } finally {
      // One that gave no answer may still be at work, where the next one must not meet it.
      if (!answered || !(stays || lingers)) await this.close();
      else if (!stays) this.closeWhenIdle();
    }
  }

  private closeWhenIdle(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => void this.close().catch(() => undefined), IDLE_MS).unref();
  }

  private opened(): Promise<Opened> {
    return this.opening.run(async () => {
      const opened = await this.current?.catch(() => undefined);
      if (opened?.listener.alive) return opened;
      await this.close();
      this.current = this.open();
      return this.current;
    });
  }

  private async open(): Promise<Opened> {
    const { engine, names } = this.computer;
    const { settings, container } = await this.computer.require();
    await makeSnapshotVolume(this.computer);
    const plan = {
      // As it was before the session could change what is in it: it must not write its own history.
      image: settings.namedImage,
      mounts: [volumeMount(names.volume, '/session', true), volumeMount(names.snapshots, '/snapshots')],
      root: true,
    };
    const argv = helperArgv(STORE_PROGRAM);
    const stays = container?.State.Running ?? false;
    const [started] = await Promise.all([
      startHelper(engine, names, argv, plan, (stream) => new HelperConnection(stream)),
      stays ? this.onStart() : undefined,
    ]);
    return { ...started, stays };
  }
}

interface RunOptions {
  /** Ends the helper, and so whatever it does. */
  signal?: AbortSignal;
  /** The helper of a computer that stands still stays for a while. */
  lingers?: boolean;
  doing?: Doing;
}

function aborted({ names }: SessionContainer): ComputerError {
  return new ComputerError(
    'snapshot_aborted',
    `The snapshot of session ${names.sessionId} was ended before it was complete: the computer is being stopped or removed.`,
  );
}
