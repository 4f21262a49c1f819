import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError, type CopiedFiles, type CopyParts, type SnapshotInfo } from '../computer.js';
import { readComputerFile } from './computer-files.js';
import { type CopyTreeOptions, copyTree } from './copy-tree.js';
import { asComputerError, hasCode } from './errno.js';
import {
  type Manifest,
  type ManifestEntry,
  countChanged,
  manifest,
  textToName,
  treeDigest,
} from './manifest.js';
import { removeTree } from './remove-tree.js';
import { type SessionFolder, makeStandardFolders, replaceFiles } from './session-folder.js';

const SNAPSHOT_ID = /^[0-9a-z]{9}-[0-9a-f-]{36}$/;
/** Timestamps of files lag behind the clock by up to one tick of the kernel: a file this young may still change unseen. */
const YOUNG_NS = 50_000_000n;

/** Copies what changed since the last snapshot; what did not is a hard link to that snapshot's copy. */
export async function takeSnapshot(folder: SessionFolder): Promise<SnapshotInfo> {
  const snapshotId = `${Date.now().toString(36).padStart(9, '0')}-${randomUUID()}`;
  const partial = join(folder.snapshots, `.partial-${snapshotId}`);
  const previous = await latestManifest(folder);
  const startedNs = BigInt(Date.now()) * 1_000_000n;
  try {
    await mkdir(join(partial, 'files'), { recursive: true, mode: 0o700 });
    const reuse = previous && unchangedSince(folder, previous);
    const entries = await copyTree(folder.files, join(partial, 'files'), { hash: true, reuse });
    const digest = treeDigest(entries);
    const written: Manifest = {
      version: 1,
      snapshot_id: snapshotId,
      started_ns: String(startedNs),
      digest,
      entries,
    };
    await writeFile(join(partial, 'manifest.json'), JSON.stringify(written), { mode: 0o600, flush: true });
    await rename(partial, join(folder.snapshots, snapshotId));
    return {
      snapshotId,
      digest,
      ...sizeOf(entries),
      changed: countChanged(previous?.entries ?? [], entries),
      lines: { added: 0, removed: 0 },
      skipped: [],
      skippedTotal: 0,
      pausedMs: 0,
      storedBytes: 0,
    };
  } catch (error) {
    await removeTree(partial);
    throw asComputerError(error, `the files of session ${folder.sessionId}`, 'taking a snapshot of');
  }
}

/** `beforeSwap` ends the session's processes: they would go on in the folder that is taken away. */
export async function restoreFromSnapshot(
  folder: SessionFolder,
  snapshotId: string,
  beforeSwap: () => Promise<void>,
): Promise<void> {
  await requireSnapshot(folder, snapshotId);
  const source = join(folder.snapshots, snapshotId, 'files');
  await fillFiles(folder, (staging) => copyTree(source, staging, { hash: false }), beforeSwap);
}

/** Replaces a computer's files by those of another one. Logs stay behind: they tell of the other session. */
export async function copyIntoComputer(
  folder: SessionFolder,
  from: SessionFolder,
  snapshotId: string | undefined,
  parts: CopyParts,
): Promise<CopiedFiles> {
  if (snapshotId !== undefined) await requireSnapshot(from, snapshotId);
  const source = snapshotId === undefined ? from.files : join(from.snapshots, snapshotId, 'files');
  const include = (name: string): boolean => (name === 'data' ? parts.data : name !== 'logs' && parts.code);
  const entries = await fillFiles(folder, async (staging) => {
    const copied = await copyTree(source, staging, { hash: false, include });
    await makeStandardFolders(staging);
    return copied;
  });
  return { ...sizeOf(entries), skipped: [], skippedTotal: 0 };
}

export async function listSnapshotEntries(
  folder: SessionFolder,
  snapshotId: string,
): Promise<ManifestEntry[]> {
  return (await requireSnapshot(folder, snapshotId)).entries;
}

export async function readFromSnapshot(
  folder: SessionFolder,
  snapshotId: string,
  path: string,
  maxBytes?: number,
): Promise<Uint8Array> {
  const { entries } = await requireSnapshot(folder, snapshotId);
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry?.type === 'file') {
    const files = join(folder.snapshots, snapshotId, 'files');
    return readComputerFile({ files, sessionDir: files }, path, maxBytes);
  }
  if (entry) throw new ComputerError('file_not_readable', `${path} is not a regular file.`);
  throw new ComputerError('file_not_found', `Snapshot ${snapshotId} has no file ${path}.`);
}

/** Deletes all snapshots but these. */
export async function deleteSnapshots(
  folder: SessionFolder,
  keep: ReadonlySet<string>,
): Promise<{ snapshots: number; bytes: number }> {
  const ids = (await readdir(folder.snapshots)).filter((name) => SNAPSHOT_ID.test(name) && !keep.has(name));
  for (const id of ids) await removeTree(join(folder.snapshots, id));
  return { snapshots: ids.length, bytes: 0 };
}

async function fillFiles(
  folder: SessionFolder,
  fill: (staging: string) => Promise<ManifestEntry[]>,
  beforeSwap?: () => Promise<void>,
): Promise<ManifestEntry[]> {
  try {
    return await replaceFiles(folder, fill, beforeSwap);
  } catch (error) {
    throw asComputerError(error, `the files of session ${folder.sessionId}`, 'copying');
  }
}

function unchangedSince(folder: SessionFolder, previous: Manifest): CopyTreeOptions['reuse'] {
  const files = Buffer.from(`${join(folder.snapshots, previous.snapshot_id, 'files')}/`);
  const known = new Map(
    previous.entries.filter((entry) => entry.type === 'file').map((entry) => [entry.path, entry]),
  );
  const settledBefore = BigInt(previous.started_ns) - YOUNG_NS;
  return (path, stat) => {
    const entry = known.get(path);
    if (entry?.sha256 === undefined) return undefined;
    const same =
      entry.inode === String(stat.ino) &&
      entry.ctime_ns === String(stat.ctimeNs) &&
      entry.mtime_ns === String(stat.mtimeNs) &&
      entry.size === Number(stat.size) &&
      stat.ctimeNs < settledBefore;
    return same ? { file: Buffer.concat([files, textToName(path)]), sha256: entry.sha256 } : undefined;
  };
}

async function latestManifest(folder: SessionFolder): Promise<Manifest | undefined> {
  const ids = (await readdir(folder.snapshots)).filter((name) => SNAPSHOT_ID.test(name)).sort();
  const latest = ids.at(-1);
  return latest === undefined ? undefined : readManifest(folder, latest);
}

async function requireSnapshot(folder: SessionFolder, snapshotId: string): Promise<Manifest> {
  const found = SNAPSHOT_ID.test(snapshotId) ? await readManifest(folder, snapshotId) : undefined;
  if (found) return found;
  throw new ComputerError(
    'snapshot_not_found',
    `Session ${folder.sessionId} has no snapshot "${snapshotId}" here.`,
  );
}

async function readManifest(folder: SessionFolder, snapshotId: string): Promise<Manifest | undefined> {
  try {
    return manifest.parse(
      JSON.parse(await readFile(join(folder.snapshots, snapshotId, 'manifest.json'), 'utf8')),
    );
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw asComputerError(error, `snapshot ${snapshotId} of session ${folder.sessionId}`, 'reading');
  }
}

function sizeOf(entries: ManifestEntry[]): { files: number; bytes: number } {
  const files = entries.filter((entry) => entry.type === 'file');
  return { files: files.length, bytes: files.reduce((total, entry) => total + entry.size, 0) };
}
