import { mkdir, readdir } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type {
  Abilities,
  ComputerInfo,
  ComputerLimits,
  ComputerSpec,
  Computers,
  ComputersLogger,
  ComputersSpace,
  ComputerStats,
  CopiedFiles,
  CopyParts,
  DiskUsage,
  ExecOptions,
  ExecResult,
  FileEntry,
  Shell,
  SnapshotEntry,
  SnapshotInfo,
  StartOptions,
} from '../computer.js';
import type { Point, Screenshot } from '../desktop.js';
import { noDesktop } from '../no-desktop.js';
import { spaceAt } from '../space-at.js';
import { findTrees, limitsOf } from './cgroups/find-trees.js';
import { sweepGroups } from './cgroups/sweep-groups.js';
import type { Trees } from './cgroups/session-cgroup.js';
import { listComputerFiles, readComputerFile, writeComputerFile } from './computer-files.js';
import { diskUsageOf } from './disk-usage.js';
import { DiscardedFolders } from './discarded-folders.js';
import { hasCode } from './errno.js';
import type { Isolation } from './isolation.js';
import { LocalComputer } from './local-computer.js';
import { isSessionId, sessionFolder } from './session-folder.js';
import { TreeStates } from './tree-state.js';

/** Computers that are folders of this machine, with processes of this machine. */
export class LocalComputers implements Computers {
  readonly driver: string;
  readonly abilities: Abilities;
  private readonly computers = new Map<string, LocalComputer>();
  private readonly trees = new TreeStates();
  private readonly cgroups: Trees;
  private readonly discarded: DiscardedFolders;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly root: string,
    private readonly isolation: Isolation,
    private readonly logger?: ComputersLogger,
    private readonly limits: ComputerLimits = {},
  ) {
    this.driver = isolation.driver;
    this.cgroups = findTrees(root);
    this.discarded = new DiscardedFolders(root, logger);
    const { networks } = isolation;
    this.abilities = {
      desktop: false,
      root: false,
      limits: limitsOf(this.cgroups),
      networks,
      runtimes: false,
    };
  }

  create(spec: ComputerSpec): Promise<ComputerInfo> {
    return this.change(spec.sessionId, (computer) => computer.create(spec));
  }

  start(sessionId: string, options: StartOptions = {}): Promise<ComputerInfo> {
    return this.change(sessionId, (computer) => computer.start(options.env));
  }

  stop(sessionId: string): Promise<void> {
    this.computers.get(sessionId)?.endSnapshots();
    return this.change(sessionId, (computer) => computer.stop());
  }

  async destroy(sessionId: string): Promise<void> {
    const computer = this.computer(sessionId);
    computer.endSnapshots();
    await this.change(sessionId, () => computer.destroy());
    // Forgotten while others still wait for it, it would change files beside the one that takes its place.
    if (computer.lifecycle.isIdle && this.computers.get(sessionId) === computer) {
      this.computers.delete(sessionId);
    }
  }

  async inspect(sessionId: string): Promise<ComputerInfo | undefined> {
    return this.computer(sessionId).inspect();
  }

  async list(): Promise<ComputerInfo[]> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    await this.sweep();
    const names = await this.names();
    const found = await Promise.all(names.map((name) => this.computer(name).inspectAnyway()));
    return found.filter((info) => info !== undefined);
  }

  async exec(sessionId: string, argv: string[], options: ExecOptions): Promise<ExecResult> {
    return this.computer(sessionId).exec(argv, options);
  }

  async shell(sessionId: string): Promise<Shell> {
    return this.computer(sessionId).shell();
  }

  async readFile(sessionId: string, path: string, options: { maxBytes?: number } = {}): Promise<Uint8Array> {
    return readComputerFile((await this.existing(sessionId)).space, path, options.maxBytes);
  }

  async writeFile(sessionId: string, path: string, content: Uint8Array | string): Promise<void> {
    await writeComputerFile((await this.existing(sessionId)).space, path, content);
  }

  async listFiles(sessionId: string, path: string): Promise<FileEntry[]> {
    return listComputerFiles((await this.existing(sessionId)).space, path);
  }

  async snapshot(sessionId: string, { signal }: { signal?: AbortSignal } = {}): Promise<SnapshotInfo> {
    return this.computer(sessionId).takeSnapshot(signal);
  }

  restoreSnapshot(sessionId: string, snapshotId: string): Promise<void> {
    return this.change(sessionId, async (computer) => {
      await computer.recordFile.require();
      await computer.snapshots.restore(snapshotId, () => computer.endProcesses());
    });
  }

  async *listSnapshot(sessionId: string, snapshotId: string): AsyncIterable<SnapshotEntry> {
    yield* (await this.existing(sessionId)).snapshots.list(snapshotId);
  }

  async readSnapshotFile(
    sessionId: string,
    snapshotId: string,
    path: string,
    { maxBytes }: { maxBytes?: number } = {},
  ): Promise<Uint8Array> {
    return (await this.existing(sessionId)).snapshots.readFile(snapshotId, path, maxBytes);
  }

  deleteSnapshots(
    sessionId: string,
    keep: ReadonlySet<string>,
  ): Promise<{ snapshots: number; bytes: number }> {
    return this.change(sessionId, async (computer) => {
      await computer.recordFile.require();
      return computer.snapshots.delete(keep);
    });
  }

  async copyFrom(
    sessionId: string,
    source: { sessionId: string; snapshotId?: string },
    parts: CopyParts,
  ): Promise<CopiedFiles> {
    const from = await this.existing(source.sessionId);
    return this.change(sessionId, async (computer) => {
      await computer.requireStopped();
      return computer.snapshots.copyFrom(from.snapshots, source.snapshotId, parts);
    });
  }

  async stats(sessionId: string): Promise<ComputerStats> {
    return this.computer(sessionId).processes.stats();
  }

  async diskUsage(sessionId: string): Promise<DiskUsage> {
    return diskUsageOf((await this.existing(sessionId)).folder.files);
  }

  space(): Promise<ComputersSpace | undefined> {
    return spaceAt(this.root);
  }

  screenshot(sessionId: string): Promise<Screenshot> {
    return Promise.reject(noDesktop(sessionId));
  }

  input(sessionId: string): Promise<void> {
    return Promise.reject(noDesktop(sessionId));
  }

  pointer(sessionId: string): Promise<Point> {
    return Promise.reject(noDesktop(sessionId));
  }

  connectDesktop(sessionId: string): Promise<Duplex> {
    return Promise.reject(noDesktop(sessionId));
  }

  /** Nothing ends these computers but what this process does. What an earlier one has left is removed meanwhile. */
  watch(): void {
    this.sweep().catch((error: unknown) =>
      this.logger?.warn({ err: error }, 'what an earlier process has left could not be removed'),
    );
  }

  async dispose(): Promise<void> {
    await this.sweeping?.catch(() => undefined);
    await Promise.all([...this.computers.values()].map((computer) => computer.dispose()));
    await this.discarded.end();
    await this.isolation.leave?.(this.root);
  }

  /** Once. */
  private sweep(): Promise<void> {
    this.sweeping ??= this.removeLeftovers();
    return this.sweeping;
  }

  private async removeLeftovers(): Promise<void> {
    await this.discarded.resume();
    const names = new Set(await this.names());
    const swept = await sweepGroups(this.cgroups, {
      isKnown: (name) => names.has(name),
      isInUse: (name) => this.computers.has(name),
    });
    if (swept.length > 0)
      this.logger?.info({ groups: swept }, 'removed control groups that were left behind');
  }

  private async names(): Promise<string[]> {
    const names = await readdir(this.root).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names.filter(isSessionId).sort();
  }

  private async change<T>(sessionId: string, task: (computer: LocalComputer) => Promise<T>): Promise<T> {
    const computer = this.computer(sessionId);
    return computer.lifecycle.run(() => task(computer));
  }

  private async existing(sessionId: string): Promise<LocalComputer> {
    const computer = this.computer(sessionId);
    await computer.recordFile.require();
    return computer;
  }

  private computer(sessionId: string): LocalComputer {
    const known = this.computers.get(sessionId);
    if (known) return known;
    const computer = new LocalComputer(
      sessionFolder(this.root, sessionId),
      this.isolation,
      this.logger,
      { cgroups: this.cgroups, limits: this.limits, discarded: this.discarded },
      this.trees,
    );
    this.computers.set(sessionId, computer);
    return computer;
  }
}
