import type { Computers } from '#computers';
import type { Logger } from '#runtime';

/** A session that does nothing, as a view has it. */
export interface IdleSession {
  id: string;
  version: number;
  /** Unix seconds. */
  last_activity_at: number;
  /** 0 = never closes by itself. */
  timeout_seconds: number;
  node: string | null;
}

/**
 * Which sessions there are, for the sweep. Answers may lag behind the log: the operator looks at the log itself
 * before it acts.
 */
export interface SessionDirectory {
  /** Sessions that are not closed and not deleted; `node` is null before a computer was first started. */
  live(): Iterable<{ id: string; state: string; node: string | null }>;
  idle(): Iterable<IdleSession>;
  /** Remixes whose copy was begun longer ago than this and never ended. */
  unfinishedRemixes(olderThanSeconds: number): Iterable<string>;
  /** False for ids that were deleted or never were. */
  exists(id: string): boolean;
  /** Sequence on the log up to which the answers are complete. */
  position(): number;
}

export interface OperatorOptions {
  computers: Computers;
  /** The computers' place, noted in `computer.started`; a session whose computer is elsewhere is left alone. */
  node: string;
  /**
   * Resolves when this process certainly is the one operator, and rejects when another one replaced it. Asked before
   * every command; `computers` ask for themselves.
   */
  confirm: () => Promise<void>;
  directory: SessionDirectory;
  logger: Logger;
  /** Desktops start with their computers, not with their first use; a computer whose desktop fails does not start. */
  desktopAtStart?: boolean;
  /** Snapshots of a session that stay, the latest ones; 0 or absent: all. */
  snapshotsKept?: number;
  /** Told why the computers cannot be reached, and with undefined that they can again. */
  onOutage?: (reason: string | undefined) => void;
  /** Given, once, how many sessions are worked on or wait for it. */
  onMeasurable?: (queued: () => number) => void;
  timing?: Partial<OperatorTiming>;
}

export interface OperatorTiming {
  /** Between two sweeps. */
  sweepIntervalMs: number;
  /** The same while the computers do not answer: then a sweep only asks whether they do. */
  awaySweepIntervalMs: number;
  /** Waits after a failed start; when the attempt after the last wait fails too, the operator gives up. */
  retryDelaysMs: readonly number[];
  /**
   * How long large data is left alone that belongs to no session: its session may still be made. A remix writes its
   * pictures first.
   */
  orphansAfterMs: number;
  /** How long a shutdown waits for work in progress, and then for its cancellation. */
  stopDeadlineMs: number;
}

export const DEFAULT_TIMING: OperatorTiming = {
  sweepIntervalMs: 30_000,
  awaySweepIntervalMs: 1_000,
  retryDelaysMs: [1_000, 5_000],
  orphansAfterMs: 3_600_000,
  stopDeadlineMs: 6_000,
};

export const OPERATOR_OPTIONS = Symbol('OPERATOR_OPTIONS');
