import type { Duplex } from 'node:stream';
import type {
  ComputerInfo,
  ComputerSpec,
  Computers,
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
import { ComputerError, LIMIT_NAMES } from '../computer.js';
import type { InputAction, Point, Region, Screenshot } from '../desktop.js';
import { listComputerFiles, readComputerFile, writeComputerFile } from './files/computer-files.js';
import { destroyComputer, removeContainers } from './container/destroy.js';
import { DockerComputer } from './docker-computer.js';
import { asEngineError } from './engine/engine-error.js';
import type { Engine } from './engine/engine.js';
import { listComputers } from './container/list.js';
import { sessionNames } from './engine/naming.js';
import { copyRootFilesystem } from './container/root-filesystem.js';
import {
  copyFiles,
  deleteSnapshots,
  listSnapshotEntries,
  readSnapshotFile,
  requireSnapshot,
  restoreFromSnapshot,
  takeSnapshot,
} from './files/snapshots.js';
import { readStats } from './container/stats.js';
import { engineSpace } from './engine/engine-space.js';
import { watchEngine } from './disruptions/watch.js';

type Listener = Parameters<Computers['watch']>[0];

/** Computers that are containers of a Docker engine. */
export class DockerComputers implements Computers {
  readonly driver = 'docker';
  readonly abilities = {
    desktop: true,
    root: true,
    limits: LIMIT_NAMES,
    networks: ['egress', 'none'] as const,
    runtimes: true,
  };
  private readonly computers = new Map<string, DockerComputer>();
  private readonly listeners = new Set<Listener>();
  /** What ends of these is our doing, although it happens outside their turn. */
  private readonly destroying = new Set<string>();

  constructor(private readonly engine: Engine) {}

  create(spec: ComputerSpec): Promise<ComputerInfo> {
    return this.change(spec.sessionId, (computer) => computer.create(spec));
  }

  start(sessionId: string, options: StartOptions = {}): Promise<ComputerInfo> {
    return this.change(sessionId, (computer) => computer.start(options.env));
  }

  async stop(sessionId: string): Promise<void> {
    this.computer(sessionId).abortSnapshot();
    return this.change(sessionId, (computer) => computer.stop());
  }

  /** What is being done to the computer is ended first, however long it would take. */
  async destroy(sessionId: string): Promise<void> {
    this.computer(sessionId).abortSnapshot();
    this.destroying.add(sessionId);
    try {
      await this.use(sessionId, removeContainers);
      await this.change(sessionId, destroyComputer);
    } finally {
      this.destroying.delete(sessionId);
    }
    await this.computers.get(sessionId)?.close();
    this.computers.delete(sessionId);
  }

  inspect(sessionId: string): Promise<ComputerInfo | undefined> {
    return this.use(sessionId, (computer) => computer.inspect());
  }

  list(): Promise<ComputerInfo[]> {
    return told(() => listComputers(this.engine));
  }

  exec(sessionId: string, argv: string[], options: ExecOptions): Promise<ExecResult> {
    return this.use(sessionId, ({ processes }) => processes.exec(argv, options));
  }

  shell(sessionId: string): Promise<Shell> {
    return this.use(sessionId, ({ processes }) => processes.shell());
  }

  readFile(sessionId: string, path: string, options: { maxBytes?: number } = {}): Promise<Uint8Array> {
    return this.use(sessionId, (computer) => readComputerFile(computer, path, options.maxBytes));
  }

  writeFile(sessionId: string, path: string, content: Uint8Array | string): Promise<void> {
    return this.use(sessionId, (computer) => writeComputerFile(computer, path, content));
  }

  listFiles(sessionId: string, path: string): Promise<FileEntry[]> {
    return this.use(sessionId, (computer) => listComputerFiles(computer, path));
  }

  snapshot(sessionId: string, options: { signal?: AbortSignal } = {}): Promise<SnapshotInfo> {
    return this.change(sessionId, (computer) =>
      computer.abortable((signal) => takeSnapshot(computer, signal), options.signal),
    );
  }

  restoreSnapshot(sessionId: string, snapshotId: string): Promise<void> {
    return this.change(sessionId, async (computer) => {
      const { running } = computer.infoOf(await computer.require());
      await requireSnapshot(computer, snapshotId);
      await computer.stop();
      try {
        await restoreFromSnapshot(computer, snapshotId);
      } finally {
        if (running) await computer.start(undefined);
      }
    });
  }

  copyFrom(
    sessionId: string,
    { sessionId: sourceId, snapshotId }: { sessionId: string; snapshotId?: string },
    parts: CopyParts,
  ): Promise<CopiedFiles> {
    return this.change(sessionId, async (computer) => {
      const source = this.computer(sourceId);
      await source.require();
      if (computer.infoOf(await computer.require()).running) {
        throw new ComputerError(
          'command_refused',
          `The computer of session ${sessionId} runs. Files are copied into a stopped one only.`,
        );
      }
      const copied = await copyFiles(computer, source, snapshotId, parts);
      if (parts.code) await copyRootFilesystem(computer, source);
      return copied;
    });
  }

  async *listSnapshot(sessionId: string, snapshotId: string): AsyncIterable<SnapshotEntry> {
    yield* await this.use(sessionId, (computer) => listSnapshotEntries(computer, snapshotId));
  }

  readSnapshotFile(
    sessionId: string,
    snapshotId: string,
    path: string,
    options: { maxBytes?: number } = {},
  ): Promise<Uint8Array> {
    return this.use(sessionId, (computer) => readSnapshotFile(computer, snapshotId, path, options.maxBytes));
  }

  deleteSnapshots(
    sessionId: string,
    keep: ReadonlySet<string>,
  ): Promise<{ snapshots: number; bytes: number }> {
    return this.change(sessionId, (computer) => deleteSnapshots(computer, keep));
  }

  stats(sessionId: string): Promise<ComputerStats> {
    return this.use(sessionId, readStats);
  }

  diskUsage(sessionId: string): Promise<DiskUsage> {
    return this.use(sessionId, ({ disk }) => disk.usage());
  }

  space(): Promise<ComputersSpace | undefined> {
    return told(() => engineSpace(this.engine));
  }

  screenshot(
    sessionId: string,
    options: { region?: Region; signal?: AbortSignal } = {},
  ): Promise<Screenshot> {
    return this.use(sessionId, ({ desktop }) => desktop.screenshot(options), options.signal);
  }

  input(sessionId: string, action: InputAction, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.use(sessionId, ({ desktop }) => desktop.input(action, options), options.signal);
  }

  pointer(sessionId: string): Promise<Point> {
    return this.use(sessionId, ({ desktop }) => desktop.pointer());
  }

  connectDesktop(sessionId: string, options: { control: boolean }): Promise<Duplex> {
    return this.use(sessionId, ({ desktop }) => desktop.connect(options));
  }

  watch(listener: Listener, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener), { once: true });
    const settled = (sessionId: string) =>
      this.change(sessionId, async (computer) =>
        this.destroying.has(sessionId) ? undefined : computer.inspect(),
      );
    void watchEngine({ engine: this.engine, settled, list: () => this.list() }, listener, signal);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.computers.values()].map((computer) => computer.close()));
  }

  private change<T>(sessionId: string, task: (computer: DockerComputer) => Promise<T>): Promise<T> {
    return this.use(sessionId, (computer) => computer.lifecycle.run(() => task(computer)));
  }

  private async use<T>(
    sessionId: string,
    task: (computer: DockerComputer) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await told(() => task(this.computer(sessionId)), signal);
    } catch (error) {
      if (error instanceof ComputerError && error.code === 'disk_full')
        this.tellFull(sessionId, error.message);
      throw error;
    }
  }

  /** No event of the engine does. */
  private tellFull(sessionId: string, detail: string): void {
    for (const listener of this.listeners)
      listener(sessionId, { reason: 'disk_full', detail, running: true });
  }

  private computer(sessionId: string): DockerComputer {
    const known = this.computers.get(sessionId);
    if (known) return known;
    const computer = new DockerComputer(sessionNames(sessionId), this.engine);
    this.computers.set(sessionId, computer);
    return computer;
  }
}

/** The engine's failures as sentences. What was aborted fails with the reason of its signal. */
async function told<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await task();
  } catch (error) {
    signal?.throwIfAborted();
    throw asEngineError(error);
  }
}
