import type Docker from 'dockerode';
import { ComputerError } from '../computer.js';
import type { ComputerInfo, ComputerSpec } from '../computer.js';
import { checkedEnvironment } from '../local/isolation.js';
import { Mutex } from '../local/mutex.js';
import {
  type ComputerSettings,
  containerOptions,
  sessionLabels,
  settingsLabels,
} from './container/container-options.js';
import { REMOVED } from './disruptions/disruption.js';
import { DockerDesktop } from './desktop/docker-desktop.js';
import { DockerProcesses } from './processes/docker-processes.js';
import { disruptionIn } from './disruptions/ended.js';
import { filesHelper } from './files/files-helper.js';
import { SnapshotHelper } from './files/snapshot-helper.js';
import { hasStatus, reasonOf } from './engine/engine-error.js';
import { type Engine, ensureNetwork, found, makeVolume, settled } from './engine/engine.js';
import { LABELS, type SessionNames } from './engine/naming.js';
import { isUnkept, keepRootFilesystem } from './container/root-filesystem.js';
import { settingsFor, settingsOf } from './container/settings.js';
import { stopComputer } from './container/stop.js';

/** What the engine has of a session. The volume is what counts: without the container the computer is still there. */
export interface Found {
  volume: Docker.VolumeInspectInfo;
  container?: Docker.ContainerInspectInfo;
  settings: ComputerSettings;
}

/** One session's computer: container and volume on the engine, environment and what runs in it in memory. */
export class DockerComputer {
  /** Of all that is started in it. */
  env: Record<string, string> = {};
  /** Held by the verbs that change the computer as a whole. */
  readonly lifecycle = new Mutex();
  readonly processes = new DockerProcesses(this);
  readonly desktop: DockerDesktop;
  readonly files = filesHelper(this);
  readonly snapshots = new SnapshotHelper(this);
  /** When the engine ended a container that did not end as we asked it to: no exit code tells that it was us. */
  forcedEnd: string | undefined;

  constructor(
    readonly names: SessionNames,
    readonly engine: Engine,
  ) {
    this.desktop = new DockerDesktop({
      sessionId: names.sessionId,
      container: this.container,
      env: () => this.env,
      requireRunning: () => this.requireRunning(),
    });
  }

  get container(): Docker.Container {
    return this.engine.docker.getContainer(this.names.container);
  }

  async create(spec: ComputerSpec): Promise<ComputerInfo> {
    this.env = checkedEnvironment(spec.env);
    const existing = await this.find();
    if (existing) return this.infoOf(existing);
    await this.removeStray();
    const settings = await settingsFor(this.engine, spec);
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
    const existing = await this.require();
    if (!existing.container) {
      await this.createContainer(existing.settings);
      this.engine.logger?.warn(
        { session_id: this.names.sessionId, image: existing.settings.image },
        'the container was gone and is made again from its volume and image',
      );
    } else if (isUnkept(existing.container)) await keepRootFilesystem(this);
    if (existing.settings.network === 'egress') await ensureNetwork(this.engine);
    await settled(this.container.start());
    return this.infoOf({ ...existing, container: await found(this.container.inspect()) });
  }

  stop(): Promise<void> {
    return stopComputer(this);
  }

  async inspect(): Promise<ComputerInfo | undefined> {
    const existing = await this.find();
    if (!existing) return undefined;
    const { container } = existing;
    const disrupted = container ? await disruptionIn(this.engine.docker, container) : REMOVED;
    const byUs = container !== undefined && container.State.FinishedAt === this.forcedEnd;
    return { ...this.infoOf(existing), ...(disrupted && !byUs && { disrupted }) };
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

  async createContainer(settings: ComputerSettings): Promise<void> {
    if (settings.network === 'egress') await ensureNetwork(this.engine);
    await this.engine.docker.createContainer(containerOptions(this.engine, this.names, settings));
  }

  /** Undefined for what is not there or belongs to another service on this engine. */
  async find(): Promise<Found | undefined> {
    const { docker } = this.engine;
    const [volume, container, rootImage] = await Promise.all([
      found(docker.getVolume(this.names.volume).inspect()),
      found(this.container.inspect()),
      found(docker.getImage(this.names.rootImage).inspect()),
    ]);
    if (!volume) return undefined;
    if (volume.Labels?.[LABELS.home] !== this.engine.home) {
      throw new ComputerError(
        'command_refused',
        `The volume ${this.names.volume} belongs to another Raworc on this Docker engine. Use that one, or remove the volume.`,
      );
    }
    return {
      volume,
      container,
      settings: settingsOf(this.engine, volume, rootImage && this.names.rootImage),
    };
  }

  /** Throws `computer_not_found`. */
  async require(): Promise<Found> {
    const existing = await this.find();
    if (existing) return existing;
    throw new ComputerError('computer_not_found', `Session ${this.names.sessionId} has no computer here.`);
  }

  async requireRunning(): Promise<Found> {
    const existing = await this.require();
    if (existing.container?.State.Running) return existing;
    throw new ComputerError(
      'computer_not_running',
      `The computer of session ${this.names.sessionId} is stopped. Start it first.`,
    );
  }

  infoOf({ container, settings }: Found): ComputerInfo {
    return {
      sessionId: this.names.sessionId,
      driver: 'docker',
      computerId: this.names.container,
      running: container?.State.Running ?? false,
      image: settings.namedImage,
    };
  }

  /** A container of ours whose volume was removed by hand holds nothing that could be gone on with. */
  private async removeStray(): Promise<void> {
    const container = await found(this.container.inspect());
    if (container?.Config.Labels[LABELS.home] !== this.engine.home) return;
    await settled(this.container.remove({ force: true }));
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

  private closeHelpers(): void {
    this.files.close();
    this.desktop.close();
  }
}
