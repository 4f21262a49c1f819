import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SnapshotInfo } from '../computer.js';

const manifestEntry = z.object({
  path: z.string(),
  type: z.enum(['file', 'directory', 'link']),
  mode: z.number().int(),
  size: z.number().int(),
  mtime_ns: z.string(),
  /** Of the live file that was copied: an unchanged one is known by these. */
  ctime_ns: z.string(),
  inode: z.string(),
  sha256: z.string().optional(),
  target: z.string().optional(),
});

export const manifest = z.object({
  version: z.literal(1),
  snapshot_id: z.string(),
  /** Wall clock, before the first file was looked at. */
  started_ns: z.string(),
  digest: z.string(),
  entries: z.array(manifestEntry),
});

/** What a snapshot holds, sorted by path. */
export type Manifest = z.infer<typeof manifest>;
export type ManifestEntry = z.infer<typeof manifestEntry>;

/** Equal for equal trees: paths, types, modes, link targets and contents. Times do not count. */
export function treeDigest(entries: ManifestEntry[]): string {
  const hash = createHash('sha256');
  for (const entry of sortedByPath(entries)) hash.update(`${contentLine(entry)}\n`);
  return hash.digest('hex');
}

/** Files and links that were added, changed or removed. */
export function countChanged(before: ManifestEntry[], after: ManifestEntry[]): SnapshotInfo['changed'] {
  const known = new Map(before.filter(isFileOrLink).map((entry) => [entry.path, contentLine(entry)]));
  let added = 0;
  let modified = 0;
  for (const entry of after.filter(isFileOrLink)) {
    const line = known.get(entry.path);
    if (line === undefined) added++;
    else if (line !== contentLine(entry)) modified++;
    known.delete(entry.path);
  }
  return { added, modified, removed: known.size };
}

export function sortedByPath(entries: ManifestEntry[]): ManifestEntry[] {
  return entries.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

/** File names are bytes; those that are not UTF-8 are kept as base64 behind a NUL, which no name contains. */
export function nameToText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : `\0${bytes.toString('base64')}`;
}

export function textToName(text: string): Buffer {
  return text.startsWith('\0') ? Buffer.from(text.slice(1), 'base64') : Buffer.from(text);
}

function contentLine({ path, type, mode, sha256, target }: ManifestEntry): string {
  return JSON.stringify([path, type, mode, sha256 ?? target ?? '']);
}

function isFileOrLink(entry: ManifestEntry): boolean {
  return entry.type !== 'directory';
}
