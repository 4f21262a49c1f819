import type Docker from 'dockerode';
import type { DiskUsage } from '../../computer.js';
import type { SessionContainer } from '../container/session-container.js';
import { found } from '../engine/engine.js';
import type { SnapshotHelper } from './snapshot-helper.js';

const WITHIN_SECONDS = 30;
/** The whole volume, and nothing that a link or a mount leads to. A program that is killed says nothing. */
const COUNT = ['nice', '-n', '19', 'timeout', '-s', 'KILL', `${WITHIN_SECONDS}`, 'du', '-skx', '/session'];
const COUNTED = /^(\d+)\s/;

/** The engine looks at every file of a container to tell its size, so it is asked for a small part of the time only. */
const SIZE_PAUSE_MS = 5_000;
const SIZE_SHARE = 20;

/** What a session has on the engine's disk: the volume is counted beside the container, which has no part in it. */
export class ComputerDisk {
  private size = 0;
  private askAgainAt = -Infinity;

  constructor(
    private readonly computer: SessionContainer & { readonly snapshots: Pick<SnapshotHelper, 'beside'> },
  ) {}

  async usage(): Promise<DiskUsage> {
    await this.computer.require();
    const [volume, rootFilesystem] = await Promise.all([this.volumeKib(), this.rootFilesystem()]);
    return { bytes: (volume ?? 0) * 1024 + rootFilesystem, complete: volume !== undefined };
  }

  /** Undefined when it could not be counted in time. */
  private async volumeKib(): Promise<number | undefined> {
    const said = await this.computer.snapshots.beside(COUNT, (WITHIN_SECONDS + 5) * 1000);
    const counted = COUNTED.exec(said)?.[1];
    return counted === undefined ? undefined : Number(counted);
  }

  /** What the session has changed outside of its folder, as the engine tells it: lengths, not blocks. */
  private async rootFilesystem(): Promise<number> {
    const askedAt = performance.now();
    if (askedAt < this.askAgainAt) return this.size;
    // The client passes on what its types do not know.
    const options = { size: true } as Docker.ContainerInspectOptions;
    const container = await found(this.computer.container.inspect(options));
    this.size = (container as { SizeRw?: number } | undefined)?.SizeRw ?? 0;
    const tookMs = performance.now() - askedAt;
    this.askAgainAt = performance.now() + Math.max(SIZE_PAUSE_MS, SIZE_SHARE * tookMs);
    return this.size;
  }
}
