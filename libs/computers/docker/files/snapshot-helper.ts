import { volumeMount } from '../container/container-options.js';
import type { SessionContainer } from '../container/session-container.js';
import { type StartedHelper, startHelper } from '../engine/helper.js';
import { TREES, type TreesRequest } from '../inside/trees.js';
import { HelperConnection, HelperEnded } from '../processes/helper-connection.js';
import { helperArgv } from '../processes/persistent-helper.js';
import { makeSnapshotVolume } from './snapshot-volume.js';
import { type Doing, checkHeader, programFailed } from './inside-call.js';

const TIMEOUT_MS = 600_000;
/** Of an answer, which holds a few numbers. */
const MAX_BYTES = 64 * 1024;

interface Opened extends StartedHelper<HelperConnection> {
  /** Until the computer stops; that of one which stands still goes with the answer. */
  stays: boolean;
}

/**
 * Takes snapshots in a container beside the session's, out of the reach of whatever runs in there. It stays for the
 * next one, because starting a container takes longer than most snapshots. Calls come one at a time.
 */
export class SnapshotHelper {
  private current: Promise<Opened> | undefined;

  private readonly doing: Doing;

  constructor(private readonly computer: SessionContainer) {
    this.doing = { doing: 'copying', subject: `files of session ${computer.names.sessionId}` };
  }

  /**
   * What the program answered. While it is there, so are the volumes that it has, and the engine is not asked. One that
   * was lost, perhaps long ago with the engine, is replaced, and asked for the same.
   */
  async call(request: TreesRequest): Promise<unknown> {
    try {
      return await this.callOnce(request);
    } catch (error) {
      if (!(error instanceof HelperEnded)) throw error;
    }
    try {
      return await this.callOnce(request);
    } catch (error) {
      throw error instanceof HelperEnded ? programFailed(error.reason, this.doing) : error;
    }
  }

  /** Resolves when it is gone, and holds no volume any more. */
  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    const opened = await current?.catch(() => undefined);
    opened?.listener.end('it was closed');
    await opened?.remove();
  }

  private async callOnce(request: TreesRequest): Promise<unknown> {
    const { listener: connection, stays } = await this.opened();
    let answered = false;
    try {
      const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES };
      const { header, body } = await connection.call(request, limits);
      answered = true;
      checkHeader(header, this.doing);
      return JSON.parse(body.toString('utf8'));
    } finally {
      // One that gave no answer may still be at work, where the next one must not meet it.
      if (!answered || !stays) await this.close();
    }
  }

  private async opened(): Promise<Opened> {
    const opened = await this.current?.catch(() => undefined);
    if (opened?.listener.alive) return opened;
    await this.close();
    this.current = this.open();
    return this.current;
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
    const started = await startHelper(
      engine,
      names,
      helperArgv(TREES),
      plan,
      (stream) => new HelperConnection(stream),
    );
    return { ...started, stays: container?.State.Running ?? false };
  }
}
