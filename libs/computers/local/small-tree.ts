import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { SNAPSHOT_LIMITS } from '../snapshot-format.js';
import { hasCode } from './errno.js';
import { O_PATH } from './open-readable.js';
import { type ScannedEntry, entryAt, isClosedFolder } from './scanned-entry.js';

/** Entries that are looked at without another program; their calls take some milliseconds in all. */
export const SMALL_TREE = 400;
/** Bytes of a folder itself; a larger one may hold millions of names, which are not to be read in one go. */
const SMALL_FOLDER = 256 * 1024;

/** Undefined when the tree has more entries. */
export function smallTree(files: string): ScannedEntry[] | undefined {
  const entries: ScannedEntry[] = [];
  return lookInto(Buffer.from(files), '', entries) ? entries : undefined;
}

function lookInto(place: Buffer, prefix: string, entries: ScannedEntry[]): boolean {
  let folder: number;
  try {
    folder = openSync(place, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    // It is gone; or it is closed to us, and looked into later.
    return true;
  }
  try {
    if (fstatSync(folder).size > SMALL_FOLDER) return false;
    const base = `/proc/self/fd/${folder}/`;
    for (const name of readdirSync(base, { encoding: 'buffer' })) {
      const child = Buffer.concat([Buffer.from(base), name]);
      const path = prefix + name.toString('latin1');
      const entry = entryAt(child, path);
      if (entry === undefined) continue;
      if (entries.length >= SMALL_TREE || path.length > SNAPSHOT_LIMITS.path) return false;
      entries.push(entry);
      const open = entry.stamp.startsWith('d ') && !isClosedFolder(entry.stamp);
      if (open && !lookInto(child, `${path}/`, entries)) return false;
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'EINVAL', 'EACCES')) return true;
    throw error;
  } finally {
    closeSync(folder);
  }
}
