import type Docker from 'dockerode';
import { ComputerError, type ComputerInfo } from '../../computer.js';
import { type Engine, ensureNetwork, findVolume, found, settled } from '../engine/engine.js';
import { LABELS, type SessionNames } from '../engine/naming.js';
import { type ComputerSettings, containerOptions } from './container-options.js';
import { settingsOf } from './settings.js';

/** What the engine has of a session. The volume is what counts: without the container the computer is still there. */
export interface Found {
  volume: Docker.VolumeInspectInfo;
  container?: Docker.ContainerInspectInfo;
  settings: ComputerSettings;
}

/** One session's container with its volume and image, as the engine has them at the moment. Keeps nothing in memory. */
export class SessionContainer {
  constructor(
    readonly names: SessionNames,
    readonly engine: Engine,
  ) {}

  get container(): Docker.Container {
    return this.engine.docker.getContainer(this.names.container);
  }

  async createContainer(settings: ComputerSettings): Promise<void> {
    if (settings.network === 'egress') await ensureNetwork(this.engine);
    await this.engine.docker.createContainer(containerOptions(this.engine, this.names, settings));
  }

  /** Undefined for what is not there. Throws `command_refused` for what belongs to another service on this engine. */
  async find(): Promise<Found | undefined> {
    const { docker } = this.engine;
    const [volume, container, rootImage] = await Promise.all([
      findVolume(this.engine, this.names.volume),
      found(this.container.inspect()),
      found(docker.getImage(this.names.rootImage).inspect()),
    ]);
    if (!volume) return undefined;
    if (volume.Labels?.[LABELS.home] !== this.engine.home) {
      throw new ComputerError(
        'command_refused',
        `The volume ${this.names.volume} belongs to another Raworc on this Docker engine (${volume.Labels?.[LABELS.home] ?? 'without a home'}). Use that one. The volume holds a session's files: remove it only when nobody needs them.`,
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

  /** Throws `computer_not_running` as well. */
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
  async removeStray(): Promise<void> {
    const container = await found(this.container.inspect());
    if (container?.Config.Labels[LABELS.home] !== this.engine.home) return;
    await settled(this.container.remove({ force: true }));
  }
}
