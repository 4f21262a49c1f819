import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lchown,
  link,
  lutimes,
  mkdir,
  open,
  stat as statFile,
  symlink,
} from 'node:fs/promises';
import type { CopiedFiles } from '../computer.js';
import { type ManifestEntry, textToPath } from '../snapshot-format.js';
import { hasCode } from './errno.js';
import { type ObjectStore, copyBlocks } from './object-store.js';
import { makePipes } from './output-pipe.js';
import { OpenTree, byFolder, parentOf, placeIn } from './open-tree.js';
import type { SkippedPaths } from './skipped-paths.js';
import { writeXattrs } from './xattrs.js';

/** Files made at the same time: fewer than Node has threads for files, so that others need not wait. */
const PARALLEL = 3;

export interface FillOptions {
  objects: ObjectStore;
  /** Whom the entries belong to; undefined: this process' user. */
  owner: { uid: number; gid: number } | undefined;
  skipped: SkippedPaths;
}

interface PlacedEntry {
  /** One character a byte. */
  path: string;
  entry: ManifestEntry;
}

/** Makes entries, by path, in an empty folder that nobody else writes to. */
export async function fillTree(
  top: string,
  entries: ReadonlyMap<string, ManifestEntry>,
  options: FillOptions,
): Promise<CopiedFiles> {
  const placed = [...entries].map(([path, entry]) => ({ path, entry }));
  const filling = new Filling(top, options);
  // Folders before what is in them; the other names of a file when all first ones are there.
  await filling.each(placed.filter(({ entry }) => entry.type === 'directory').sort(byPath), 1);
  await filling.each(
    placed.filter(({ entry }) => entry.type !== 'directory' && entry.link === undefined),
    PARALLEL,
  );
  await filling.links(placed.filter(({ entry }) => entry.link !== undefined));
  await filling.finish(placed);
  const files = placed.filter(({ entry }) => entry.type === 'file');
  const bytes = files.reduce((total, { entry }) => total + (entry.link === undefined ? entry.size : 0), 0);
  const { named, total } = options.skipped;
  return { files: files.length, bytes, skipped: named, skippedTotal: total };
}

class Filling {
  constructor(
    private readonly top: string,
    private readonly options: FillOptions,
  ) {}

  /** Without their modes and times, which would stand in the way. */
  async each(entries: PlacedEntry[], parallel: number): Promise<void> {
    await this.inFolders(entries, parallel, async (place, { path, entry }) => {
      const made = await this.make(place, path, entry);
      const { owner } = this.options;
      if (made && owner) await lchown(place, owner.uid, owner.gid);
    });
  }

  async links(entries: PlacedEntry[]): Promise<void> {
    const tree = new OpenTree(this.top);
    try {
      await this.inFolders(entries, 1, async (place, { entry }) => {
        const first = textToPath(entry.link ?? '').toString('latin1');
        await link(placeIn(tree.enter(parentOf(first)), first), place);
      });
    } finally {
      tree.close();
    }
  }

  /** Attributes first, for which a file must be writable; children before their folders, whose times they change. */
  async finish(placed: PlacedEntry[]): Promise<void> {
    const attributed = placed.filter(({ entry }) => entry.xattrs !== undefined && entry.link === undefined);
    await writeXattrs(this.top, new Map(attributed.map(({ path, entry }) => [path, entry.xattrs ?? {}])));
    const leaves = placed.filter(({ entry }) => entry.type !== 'directory' && entry.link === undefined);
    const folders = placed
      .filter(({ entry }) => entry.type === 'directory')
      .sort(byPath)
      .reverse();
    await this.inFolders(leaves, PARALLEL, setAttributes);
    const tree = new OpenTree(this.top);
    try {
      for (const folder of folders) {
        await setAttributes(placeIn(tree.enter(parentOf(folder.path)), folder.path), folder);
      }
    } finally {
      tree.close();
    }
  }

  /** False for what cannot be made, and is named as left out. */
  private async make(place: Buffer, path: string, entry: ManifestEntry): Promise<boolean> {
    if (entry.type === 'fifo') return this.makePipe(place, path);
    if (entry.type === 'directory') await mkdir(place, { mode: 0o700 });
    else if (entry.type === 'link') await symlink(textToPath(entry.target ?? ''), place);
    else await copyObject(this.options.objects.place(entry.sha256 ?? ''), place);
    return true;
  }

  /** Node cannot make one, and a program takes no name that is not text. */
  private async makePipe(place: Buffer, path: string): Promise<boolean> {
    const text = place.toString('utf8');
    if (!Buffer.from(text).equals(place)) {
      this.options.skipped.add(path, 'name_unsupported');
      return false;
    }
    await makePipes(text.replace('/proc/self/', `/proc/${process.pid}/`));
    return true;
  }

  private async inFolders(
    entries: PlacedEntry[],
    parallel: number,
    task: (place: Buffer, entry: PlacedEntry) => Promise<void>,
  ): Promise<void> {
    const tree = new OpenTree(this.top);
    try {
      for (const [folder, inside] of byFolder(entries)) {
        const open = tree.enter(folder);
        const next = inside.values();
        const worker = async (): Promise<void> => {
          for (const entry of next) await task(placeIn(open, entry.path), entry);
        };
        const results = await Promise.allSettled(Array.from({ length: parallel }, worker));
        const failed = results.find((result) => result.status === 'rejected');
        if (failed) throw failed.reason;
      }
    } finally {
      tree.close();
    }
  }
}

/** Shares blocks where the file system can; the holes of a sparse file stay holes. */
async function copyObject(object: string, place: Buffer): Promise<void> {
  const { blocks, size } = await statFile(object);
  if (blocks * 512 >= size) return copyFile(object, place, constants.COPYFILE_FICLONE);
  const from = await open(object);
  const to = await open(place, 'wx', 0o600);
  try {
    await copyBlocks(from, to, { sparse: true });
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

async function setAttributes(place: Buffer, { entry }: PlacedEntry): Promise<void> {
  const seconds = Number(entry.mtime_ns) / 1e9;
  try {
    if (entry.type !== 'link') await chmod(place, entry.mode);
    await lutimes(place, seconds, seconds);
  } catch (error) {
    // A pipe that could not be made.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function byPath(left: PlacedEntry, right: PlacedEntry): number {
  return left.path < right.path ? -1 : 1;
}
