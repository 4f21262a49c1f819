import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { lchown, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ComputerError,
  type CopiedFiles,
  type CopyParts,
  type SnapshotEntry,
  type SnapshotInfo,
} from '../computer.js';
import { type ManifestEntry, textToPath } from '../snapshot-format.js';
import { DEFAULT_MAX_BYTES, readAtMost } from './computer-files.js';
import { asComputerError } from './errno.js';
import { fillTree } from './fill-tree.js';
import { ManifestStore } from './manifest-store.js';
import { ObjectStore } from './object-store.js';
import { pruneStore } from './prune-store.js';
import { type SessionFolder, makeStandardFolders, replaceFiles } from './session-folder.js';
import { SkippedPaths } from './skipped-paths.js';
import { COPYING_MS, type Pausing, takeSnapshot } from './take-snapshot.js';
import type { KnownTree } from './known-tree.js';
import { TreePass } from './tree-pass.js';
import type { TreeStates } from './tree-state.js';

/** What never comes along into another session. */
const LEFT_BEHIND = new Set(['logs', 'secrets']);

/** The snapshots of one session. */
export class Snapshots {
  private readonly manifests: ManifestStore;

  constructor(
    private readonly folder: SessionFolder,
    private readonly states: TreeStates,
  ) {
    this.manifests = new ManifestStore(join(folder.snapshots, 'manifests'), folder.sessionId);
  }

  take(pausing: Pausing | undefined, signal: AbortSignal): Promise<SnapshotInfo> {
    return this.translated('taking a snapshot of', async () => {
      signal.throwIfAborted();
      const before = await this.states.latest(this.folder.base, this.manifests);
      const objects = this.objects();
      const source = {
        files: this.folder.files,
        manifests: this.manifests,
        objects,
        before,
        mark: this.unfinishedMark,
        pausing,
        signal,
      };
      const cutOff = existsSync(this.unfinishedMark);
      writeFileSync(this.unfinishedMark, '');
      try {
        const { info, state } = await takeSnapshot(source);
        this.states.remember(this.folder.base, state);
        // Only now, so that the contents which are there already are not copied again.
        if (cutOff) await pruneStore(this.manifests, objects, new Set(await this.manifests.ids()));
        rmSync(this.unfinishedMark, { force: true });
        return info;
      } catch (error) {
        this.states.forget(this.folder.base);
        throw signal.aborted ? aborted(this.folder.sessionId, error) : error;
      }
    });
  }

  /** `beforeSwap` ends the session's processes: they would go on in the folder that is taken away. */
  async restore(snapshotId: string, beforeSwap: () => Promise<void>): Promise<void> {
    const entries = await this.entries(snapshotId);
    await this.translated('copying', () =>
      replaceFiles(this.folder, (staging) => this.fill(staging, entries, this.objects()), beforeSwap),
    );
  }

  /** Replaces the files by those of another session. Without a snapshot as they are now. */
  async copyFrom(source: Snapshots, snapshotId: string | undefined, parts: CopyParts): Promise<CopiedFiles> {
    const skipped = new SkippedPaths();
    const { entries, objects } =
      snapshotId === undefined
        ? await this.lookAt(source, skipped)
        : { entries: await source.entries(snapshotId), objects: source.objects() };
    const wanted = new Map([...entries].filter(([path]) => comesAlong(path, parts)));
    return this.translated('copying', () =>
      replaceFiles(this.folder, async (staging) => {
        const copied = await this.fill(staging, relinked(wanted), objects, skipped);
        await makeStandardFolders(staging, await this.owner());
        return copied;
      }),
    );
  }

  async *list(snapshotId: string): AsyncIterable<SnapshotEntry> {
    const entries = await this.entries(snapshotId);
    for (const path of [...entries.keys()].sort()) {
      const entry = entries.get(path);
      if (entry) yield asSnapshotEntry(entry);
    }
  }

  async readFile(snapshotId: string, path: string, maxBytes = DEFAULT_MAX_BYTES): Promise<Uint8Array> {
    const entry = await this.translated('reading a snapshot of', async () =>
      this.manifests.find(snapshotId, path),
    );
    if (entry === undefined) {
      throw new ComputerError('file_not_found', `There is no ${path} in snapshot ${snapshotId}.`);
    }
    if (entry.sha256 === undefined) {
      throw new ComputerError('file_not_readable', `${path} is not a regular file.`);
    }
    try {
      const file = await open(this.objects().place(entry.sha256));
      try {
        return await readAtMost(file, path, maxBytes);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw asComputerError(error, path, 'reading');
    }
  }

  delete(keep: ReadonlySet<string>): Promise<{ snapshots: number; bytes: number }> {
    this.states.forget(this.folder.base);
    return this.translated('deleting snapshots of', () => pruneStore(this.manifests, this.objects(), keep));
  }

  forget(): void {
    this.states.forget(this.folder.base);
  }

  /** Throws `snapshot_not_found`. */
  private async entries(snapshotId: string): Promise<Map<string, ManifestEntry>> {
    return this.manifests.entries(this.manifests.chain(snapshotId));
  }

  /** The contents go into our own store, where the first snapshot of the copy finds them. */
  private async lookAt(source: Snapshots, skipped: SkippedPaths) {
    const objects = this.objects();
    const { signal } = new AbortController();
    const tree: KnownTree = new Map();
    const pass = await TreePass.prepare(source.folder.files, tree, objects);
    try {
      await pass.look(signal);
      await pass.copy(signal, AbortSignal.timeout(COPYING_MS));
    } finally {
      pass.close();
    }
    skipped.take(pass.skipped);
    for (const { path } of pass.changed) skipped.add(path, 'budget');
    pass.merge(new Map());
    const entries = new Map([...tree].map(([path, { entry }]) => [path, entry]));
    return { entries, objects };
  }

  private async fill(
    staging: string,
    entries: ReadonlyMap<string, ManifestEntry>,
    objects: ObjectStore,
    skipped = new SkippedPaths(),
  ): Promise<CopiedFiles> {
    const owner = await this.owner();
    if (owner) await lchown(staging, owner.uid, owner.gid);
    return fillTree(staging, entries, { objects, owner, skipped });
  }

  /** The files of a session may belong to a user of their own. */
  private async owner(): Promise<{ uid: number; gid: number } | undefined> {
    const found = await stat(this.folder.files).catch(() => undefined);
    const foreign = found !== undefined && found.uid !== process.geteuid?.();
    return foreign ? { uid: found.uid, gid: found.gid } : undefined;
  }

  /** Is there while contents are stored that no manifest names yet. */
  private get unfinishedMark(): string {
    return join(this.folder.snapshots, 'unfinished');
  }

  private objects(): ObjectStore {
    return new ObjectStore(join(this.folder.snapshots, 'objects'));
  }

  private async translated<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw asComputerError(error, `the files of session ${this.folder.sessionId}`, doing);
    }
  }
}

function comesAlong(path: string, parts: CopyParts): boolean {
  const slash = path.indexOf('/');
  const top = slash < 0 ? path : path.slice(0, slash);
  if (top === 'data') return parts.data;
  return parts.code && !LEFT_BEHIND.has(top);
}

/** Where the first name of a file stays behind, the next one takes its place. */
function relinked(entries: Map<string, ManifestEntry>): Map<string, ManifestEntry> {
  const firsts = new Map<string, string>();
  for (const path of [...entries.keys()].sort()) {
    const entry = entries.get(path);
    if (entry?.link === undefined || entries.has(textToPath(entry.link).toString('latin1'))) continue;
    const first = firsts.get(entry.link);
    const { link, ...alone } = entry;
    if (first === undefined) firsts.set(link, entry.path);
    entries.set(path, first === undefined ? alone : { ...entry, link: first });
  }
  return entries;
}

function asSnapshotEntry({ path, type, mode, size, sha256, target }: ManifestEntry): SnapshotEntry {
  return {
    path,
    type,
    mode,
    size,
    ...(sha256 !== undefined && { sha256 }),
    ...(target !== undefined && { target }),
  };
}

function aborted(sessionId: string, cause: unknown): ComputerError {
  const message = `The snapshot of session ${sessionId} was ended because its computer is to stop.`;
  return new ComputerError('snapshot_aborted', message, { cause });
}
