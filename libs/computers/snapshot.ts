export interface SnapshotInfo {
  snapshotId: string;
  /** The same for the same tree, whichever driver took it; see snapshot-format.ts. */
  digest: string;
  /** Sum of the sizes of all files; hard links to one file count once. */
  bytes: number;
  files: number;
  /** Files and links since the computer's previous snapshot. */
  changed: { added: number; modified: number; removed: number };
  /** Lines of changed text files up to 1 MiB since then. */
  lines: { added: number; removed: number };
  /** What could not be kept, the first 100 of it. */
  skipped: SkippedPath[];
  skippedTotal: number;
  /** How long the computer's processes stood still, in sum. */
  pausedMs: number;
  /** Bytes that this snapshot has added to the store. */
  storedBytes: number;
}

/** A path that a snapshot or copy does not hold. */
export interface SkippedPath {
  /** In the text form of snapshot-format.ts. */
  path: string;
  why: SkipReason;
}

export const SKIP_REASONS = [
  'unreadable',
  'socket',
  'device',
  'path_too_long',
  'name_unsupported',
  'too_large',
  'changed_while_read',
  'budget',
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];

/** One entry of a snapshot. */
export interface SnapshotEntry {
  /** In the text form of snapshot-format.ts. */
  path: string;
  type: 'file' | 'directory' | 'link' | 'fifo';
  mode: number;
  size: number;
  /** Of a regular file's content. */
  sha256?: string;
  /** Of a symbolic link. */
  target?: string;
}

/** What a copy brought along. */
export interface CopiedFiles {
  files: number;
  bytes: number;
  /** The first 100. Of a copy from a snapshot only what could not be put in place; the snapshot has its own list. */
  skipped: SkippedPath[];
  skippedTotal: number;
}

/** Which parts of another computer come along in a copy. */
export interface CopyParts {
  data: boolean;
  code: boolean;
}
