import type { ComputerInfo, ComputerSpec } from '../computer.js';
import { checkedEnvironment } from '../local/isolation.js';
import { Mutex } from '../local/mutex.js';
import { sessionLabels, settingsLabels } from './container/container-options.js';
import { endContainer } from './container/end-container.js';
import { Pauses } from './container/pause.js';
import {
  isUnkept,
  keepRootFilesystem,
  makeContainerAgain,
  refuseSessionImage,
} from './container/root-filesystem.js';
import { SessionContainer } from './container/session-container.js';
import { settingsFor } from './container/settings.js';
import { DockerDesktop } from './desktop/docker-desktop.js';
import { PAUSED, REMOVED } from './disruptions/disruption.js';
import { disruptionIn } from './disruptions/ended.js';
import { hasStatus, reasonOf } from './engine/engine-error.js';
import { ensureNetwork, found, makeVolume, settled } from './engine/engine.js';
import { ComputerDisk } from './files/computer-disk.js';
import { filesHelper } from './files/files-helper.js';
import { SnapshotHelper } from './files/snapshot-helper.js';
import { DockerProcesses } from './processes/docker-processes.js';

/** One session's computer: container and volume on the engine, environment and what runs in it in memory. */
export class DockerComputer extends SessionContainer {
  /** Of all that is started in it. */
  env: Record<string, string> = {};
  private prepared = false;
  /** Held by the verbs that change the computer as a whole. */
  readonly lifecycle = new Mutex();
  readonly processes = new DockerProcesses({
    computer: this,
    env: () => this.env,
    restart: () => this.restart(),
  });
  readonly desktop = new DockerDesktop({
    sessionId: this.names.sessionId,
    container: this.container,
    env: () => this.env,
    requireRunning: () => this.requireRunning(),
  });
  readonly files = filesHelper(this);
  readonly pauses = new Pauses(this);
  readonly snapshots = new SnapshotHelper(this, () => this.pauses.start());
  readonly disk = new ComputerDisk(this);
  private readonly aborts = new Set<AbortController>();
  /** When the engine ended a container that did not end as we asked it to: no exit code tells that it was us. */
  private forcedEnd: string | undefined;

  async create(spec: ComputerSpec): Promise<ComputerInfo> {
    this.env = checkedEnvironment(spec.env);
    this.prepared = true;
    const existing = await this.find();
    if (existing) return this.infoOf(existing);
    await this.removeStray();
    await refuseSessionImage(this.engine, spec.image);
    const settings = settingsFor(this.engine, spec);
    const labels = { ...sessionLabels(this.engine, this.names), ...settingsLabels(settings) };
    await makeVolume(this.engine, this.names.volume, labels);
    try {
      await this.createContainer(settings);
    } catch (error) {
      // Another process creates the same computer.
      if (!hasStatus(error, 409)) {
        await settled(this.engine.docker.getVolume(this.names.volume).remove());
        throw error;
      }
    }
    return this.infoOf(await this.require());
  }

  /** Starts the container; one that is gone is made again around the volume. */
  async start(env: Record<string, string> | undefined): Promise<ComputerInfo> {
    if (env) this.env = checkedEnvironment(env);
    this.prepared = true;
    const existing = await this.require();
    if (!existing.container) {
      await this.createContainer(existing.settings);
      this.engine.logger?.warn(
        { session_id: this.names.sessionId, image: existing.settings.image },
        'the container was gone and is made again from its volume and image',
      );
    } else if (isUnkept(existing.container)) await keepRootFilesystem(this);
    else if (existing.container.State.Paused) await this.container.unpause();
    if (existing.settings.network === 'egress') await ensureNetwork(this.engine);
    await this.startContainer();
    return this.infoOf({ ...existing, container: await found(this.container.inspect()) });
  }

  /**
   * Ends every process and keeps the root filesystem. When it has resolved, what was written before the call is safe
   * from the removal of the container: the session's folder in the volume, all else in the session's own image, which
   * is made anew only when root has changed something. A service that dies in between has lost nothing: the container
   * still has it, and tells by its exit code that it was not kept; the next stop or start keeps it first.
   */
  async stop(): Promise<void> {
    this.letGo();
    await this.snapshots.close();
    const container = (await this.find())?.container;
    if (!container) return;
    // A paused process cannot be asked to end.
    if (container.State.Paused) await settled(this.container.unpause());
    this.forcedEnd = await endContainer(this.container);
    await keepRootFilesystem(this);
  }

  async inspect(): Promise<ComputerInfo | undefined> {
    const existing = await this.find();
    if (!existing) return undefined;
    const { container } = existing;
    if (container?.State.Paused) {
      return { ...this.infoOf(existing), running: false, prepared: this.prepared, disrupted: PAUSED };
    }
    const disrupted = container ? await disruptionIn(this.engine.docker, container) : REMOVED;
    const byUs = container !== undefined && container.State.FinishedAt === this.forcedEnd;
    const { prepared } = this;
    return { ...this.infoOf(existing), prepared, ...(disrupted && !byUs && { disrupted }) };
  }

  /** Runs what `abortSnapshot` can end. */
  async abortable<T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const abort = new AbortController();
    this.aborts.add(abort);
    try {
      return await work(signal ? AbortSignal.any([abort.signal, signal]) : abort.signal);
    } finally {
      this.aborts.delete(abort);
    }
  }

  abortSnapshot(): void {
    for (const abort of this.aborts) abort.abort();
  }

  /** Ends what this service has in the container and beside it; the desktop itself stays. */
  async close(): Promise<void> {
    this.closeHelpers();
    await Promise.all([this.processes.close(), this.closeSnapshots()]);
  }

  /**
   * For a container that ends anyway, with all that is in it. An engine may leave the stream open of what began in
   * the moment of the end, so nothing waits for it.
   */
  letGo(): void {
    this.closeHelpers();
    this.processes.letGo();
  }

  /** Without an engine that removes its container, that ends with its input. */
  private async closeSnapshots(): Promise<void> {
    try {
      await this.snapshots.close();
    } catch (error) {
      const fields = { session_id: this.names.sessionId, reason: reasonOf(error) };
      this.engine.logger?.warn(fields, 'the container that takes snapshots could not be removed');
    }
  }

  /** A container holds on to its network by an id, which another network of the name does not have. */
  private async startContainer(): Promise<void> {
    try {
      await this.container.start();
    } catch (error) {
      if (hasStatus(error, 304)) return;
      if (!hasStatus(error, 404)) throw error;
      await keepRootFilesystem(this);
      await makeContainerAgain(this);
      await this.container.start();
    }
  }

  private restart(): Promise<void> {
    return this.lifecycle.run(async () => {
      // It may have been stopped meanwhile, and is not to be started by this.
      if (!(await this.container.inspect()).State.Running) return;
      this.letGo();
      await this.container.restart({ t: 0 });
    });
  }

  private closeHelpers(): void {
    this.files.close();
    this.pauses.close();
    this.desktop.close();
  }
}
