/**
 * The Computer port: what a session's machine can do, whatever runs it (a container, a sandboxed folder).
 * Every driver passes the same conformance suite.
 */

import type { ExecOptions, ExecResult, Shell } from './command.js';
import type { Desktop } from './desktop.js';
import type { CopiedFiles, CopyParts, SnapshotEntry, SnapshotInfo } from './snapshot.js';

export type * from './command.js';
export * from './computer-error.js';
export * from './snapshot.js';

/** What a computer is made from; fixed at creation. */
export interface ComputerSpec {
  sessionId: string;
  image?: string;
  /** Plain values, given to the computer's processes as environment variables. Never written to a log. */
  env?: Record<string, string>;
  limits?: ComputerLimits;
  /** `none`: reaches nothing but itself. Default: as the driver is set up. */
  network?: 'egress' | 'none';
  /** A container runtime that the engine knows, such as `runsc`; only where the driver has the ability. */
  runtime?: string;
  /** Shell and files are root's inside the computer; only where the driver has the ability. */
  root?: boolean;
}

/** What the computers of a driver can do beyond the rest; the same for all of them. */
export interface Abilities {
  /** A screen, for computers made from an image with a desktop. */
  desktop: boolean;
  root: boolean;
  /** Those of a session's limits that really hold. */
  limits: readonly LimitName[];
  /** What a session can be made to reach. */
  networks: readonly ('egress' | 'none')[];
  /** A session may name the container runtime that it runs under. */
  runtimes: boolean;
}

export const LIMIT_NAMES = ['memory', 'cpus', 'pids'] as const;
export type LimitName = (typeof LIMIT_NAMES)[number];

/** Something that happened to a computer by itself. */
export interface Disruption {
  reason: 'out_of_memory' | 'killed' | 'exited' | 'engine_restarted' | 'disk_full' | 'paused';
  /** A sentence for people. */
  detail: string;
}

/** Enforced as far as the driver's abilities say: always in containers, where control groups can be had in folders. */
export interface ComputerLimits {
  memoryMb?: number;
  cpus?: number;
  pids?: number;
}

export interface StartOptions {
  /** Replaces the environment given at creation, for the commands and shells that are started from then on. */
  env?: Record<string, string>;
}

export interface ComputerInfo {
  sessionId: string;
  driver: string;
  /** What the driver calls it: a container id, a folder. */
  computerId: string;
  running: boolean;
  /**
   * This process has created or started it, and so has its environment for what it starts in there. Of one that went on
   * while the service was killed it has not, until it is started again. Told by `inspect` only.
   */
  prepared?: boolean;
  image?: string;
  /** Of one that stopped without being asked to: what is known of why. */
  disrupted?: Disruption;
}

export interface FileEntry {
  /** Relative to the session's folder. */
  path: string;
  type: 'file' | 'directory' | 'link';
  /** Of a regular file; 0 for all else. */
  bytes: number;
}

export interface ComputerStats {
  memoryBytes: number;
  cpuSeconds: number;
  processes: number;
}

/** What a session's files take up on the disk. */
export interface DiskUsage {
  /** Of blocks that are really there: a file of holes counts for little, one with several names once. */
  bytes: number;
  /** False: counting took too long, and there is more than this. */
  complete: boolean;
}

/** Of the file system that the computers are on. */
export interface ComputersSpace {
  path: string;
  freeBytes: number;
  totalBytes: number;
}

/**
 * Drives the computers of one node. All verbs are idempotent: creating what exists, starting what runs,
 * stopping what stands still and destroying what is gone succeed. Failures are `ComputerError`s.
 */
export interface Computers extends Desktop {
  readonly driver: string;
  readonly abilities: Abilities;
  create(spec: ComputerSpec): Promise<ComputerInfo>;
  /**
   * The environment is known to the process that called `create` or `start` with it, and is kept in memory only:
   * give it again when a computer is started by another process.
   */
  start(sessionId: string, options?: StartOptions): Promise<ComputerInfo>;
  /** Ends every process; files stay. */
  stop(sessionId: string): Promise<void>;
  /** Removes computer, files and snapshots. */
  destroy(sessionId: string): Promise<void>;
  inspect(sessionId: string): Promise<ComputerInfo | undefined>;
  list(): Promise<ComputerInfo[]>;
  /** Runs one command in a process of its own, in the session's folder. */
  exec(sessionId: string, argv: string[], options: ExecOptions): Promise<ExecResult>;
  /** The computer's shell; opened on first use, and anew when the last one has ended. */
  shell(sessionId: string): Promise<Shell>;
  /** Paths are absolute in the computer, or relative to the session's folder. Links that lead outside are refused. */
  readFile(sessionId: string, path: string, options?: { maxBytes?: number }): Promise<Uint8Array>;
  /** Creates missing parent folders. Written to a temporary name and renamed: never half a file. */
  writeFile(sessionId: string, path: string, content: Uint8Array | string): Promise<void>;
  /** What is in a folder, by name and without its subfolders' contents; the one entry when `path` is no folder. */
  listFiles(sessionId: string, path: string): Promise<FileEntry[]>;
  /**
   * A point-in-time copy of the session's folder, kept until it is deleted or the computer is destroyed. Processes are
   * paused for a moment, so that the copy is whole. What cannot be kept is named. `stop`, `destroy` and the signal end
   * it early; then it fails with `snapshot_aborted` and leaves nothing behind.
   */
  snapshot(sessionId: string, options?: { signal?: AbortSignal }): Promise<SnapshotInfo>;
  /** Puts the files back as they were in a snapshot of this computer, whose programs are ended first. */
  restoreSnapshot(sessionId: string, snapshotId: string): Promise<void>;
  /** What a snapshot holds, sorted by the bytes of the paths. The computer need not run. */
  listSnapshot(sessionId: string, snapshotId: string): AsyncIterable<SnapshotEntry>;
  /**
   * One file of a snapshot; the computer need not run. The path is relative to the session's folder and in the text
   * form of snapshot-format.ts. Links are not followed: `file_not_readable` for whatever is not a regular file.
   */
  readSnapshotFile(
    sessionId: string,
    snapshotId: string,
    path: string,
    options?: { maxBytes?: number },
  ): Promise<Uint8Array>;
  /** Deletes all snapshots of a session but these, and the content that only they had. */
  deleteSnapshots(
    sessionId: string,
    keep: ReadonlySet<string>,
  ): Promise<{ snapshots: number; bytes: number }>;
  /**
   * Fills a computer that does not run with the files of another one as of a snapshot (none: as they are now), in
   * place of its own. `data` stands for the folder data, `code` for everything else but logs and secrets, which never
   * come along. The source is not changed.
   */
  copyFrom(
    sessionId: string,
    source: { sessionId: string; snapshotId?: string },
    parts: CopyParts,
  ): Promise<CopiedFiles>;
  stats(sessionId: string): Promise<ComputerStats>;
  /**
   * What a session has written takes up: its folder, and what else of its computer is kept on the disk; not its
   * snapshots. Counted from outside, where nothing of the session can have a say. Takes long for many files.
   */
  diskUsage(sessionId: string): Promise<DiskUsage>;
  /** Undefined when the disk cannot be seen from here, as that of an engine on another machine. */
  space(): Promise<ComputersSpace | undefined>;
  /**
   * Tells at once what happens to computers by themselves, until the signal aborts. For the fast case only: what it
   * misses, `inspect` tells. `running` is false when the computer stopped.
   */
  watch(
    listener: (sessionId: string, disruption: Disruption & { running: boolean }) => void,
    signal: AbortSignal,
  ): void;
  /** Ends what this process started in all computers, shells and commands; the computers keep their state. */
  dispose(): Promise<void>;
}

/** Where a driver tells what happens beside the calls; a pino logger fits. It never gets environment values. */
export interface ComputersLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
