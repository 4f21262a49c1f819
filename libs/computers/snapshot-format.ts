/**
 * The format of a session's snapshot store, the same for all drivers.
 *
 *     objects/<aa>/<sha256>           the content of a regular file, written once
 *     manifests/<snapshot id>.jsonl   a header, then one entry a line, sorted by the bytes of the paths
 *
 * A manifest without a parent is whole. Any other one is a difference: the entries that were added or changed since its
 * parent, and `{"path":…,"gone":true}` for those that were removed.
 *
 * **Paths are bytes.** Their text form is UTF-8; a byte that is not part of valid UTF-8 becomes the lone surrogate
 * U+DC00 + byte, which JSON writes as `\udc80` to `\udcff`. That is Python's `surrogateescape`. Link targets have the
 * same form.
 *
 * **The digest of a tree** is sha256 over one line an entry, each with a line feed, sorted by the bytes of the paths:
 * the JSON array `[path, type, mode, content]`, where content is a file's sha256, a link's target, or empty. An entry
 * with a `link` or with extended attributes has two more elements: the link (empty when it has none), and the attributes
 * as `[name, base64]` pairs sorted by name. JSON is written without blanks, in UTF-8, with lone surrogates as lower-case escapes, as
 * `JSON.stringify` does; in Python: `json.dumps(…, ensure_ascii=False, separators=(',', ':'))
 * .encode('utf-8', 'backslashreplace')`. Owners and times do not count.
 */
import { z } from 'zod';
import { SKIP_REASONS } from './snapshot.js';

/** Begins with the time, so that later snapshots of a session sort after earlier ones. */
export const SNAPSHOT_ID = /^[0-9a-z]{9}-[0-9a-f-]{36}$/;

export const SNAPSHOT_LIMITS = {
  /** Entries of a tree; what comes after them is skipped for the reason `budget`. */
  entries: 1_000_000,
  /**
   * Bytes of all paths, of targets and first names of links, and of extended attributes together, as `writtenLength`
   * counts them: a deep chain of folders would multiply them, and escapes once more.
   */
  writtenBytes: 256 * 1024 * 1024,
  /** Bytes of one path. */
  path: 16 * 1024,
  /** Apparent size of a file, holes included. */
  fileBytes: 16 * 1024 ** 3,
  /** Skipped paths that are named; the rest is counted. */
  skippedNamed: 100,
  /** Text files up to this size have their changed lines counted. */
  lineBytes: 1024 * 1024,
  /** Differences in a row before a whole manifest is written. */
  depth: 64,
} as const;

/** How much of a tree a snapshot has room for. What comes after it is left out, and only the first of it named. */
export interface SnapshotRoom {
  entries: number;
  writtenBytes: number;
}

const decimal = z.string().regex(/^-?[0-9]+$/);

export const snapshotEntry = z.object({
  path: z.string(),
  type: z.enum(['file', 'directory', 'link', 'fifo']),
  /** Permissions with setuid, setgid and sticky. */
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  mtime_ns: decimal,
  /** With `ino`, tells whether an entry has changed since. */
  ctime_ns: decimal,
  ino: decimal,
  /** Of a regular file; 0 for all else. */
  size: z.int(),
  /** Of a regular file. */
  sha256: z.string().optional(),
  /** Of a symbolic link. */
  target: z.string().optional(),
  /** Path of the first member of the hard-link group; the first member has none. */
  link: z.string().optional(),
  /** Values in base64, by name. */
  xattrs: z.record(z.string(), z.string()).optional(),
});

export type ManifestEntry = z.infer<typeof snapshotEntry>;

export const manifestHeader = z.object({
  version: z.literal(2),
  snapshot_id: z.string(),
  /** Null for a whole manifest. */
  parent: z.string().nullable(),
  /** The whole manifest that the differences build on; its own id for a whole one. */
  base: z.string(),
  /** Differences since the base. */
  depth: z.int(),
  /** Bytes of the difference manifests since the base, this one not included. */
  depth_bytes: z.int(),
  /** Wall clock, before the first entry was looked at. */
  started_ns: decimal,
  /** Wall clock, when the last entry had been looked at. */
  taken_ns: decimal,
  digest: z.string(),
  files: z.int(),
  bytes: z.int(),
  changed: z.object({ added: z.int(), modified: z.int(), removed: z.int() }),
  lines: z.object({ added: z.int(), removed: z.int() }),
  skipped: z.array(z.object({ path: z.string(), why: z.enum(SKIP_REASONS) })),
  skipped_total: z.int(),
});

export type ManifestHeader = z.infer<typeof manifestHeader>;

/** The text form of a path or link target. */
export function pathToText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes) ? escaped(bytes) : text;
}

/** The bytes of a text form. */
export function textToPath(text: string): Buffer {
  if (!/[\udc80-\udcff]/.test(text)) return Buffer.from(text, 'utf8');
  const parts = Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    const isByte = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    return isByte ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8');
  });
  return Buffer.concat(parts);
}

/** Characters of a text in a manifest, one character a byte; what is no plain text becomes an escape of six. */
export function writtenLength(text: string): number {
  if (!/[^ !#-[\]-~]/.test(text)) return text.length;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const plain = code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c;
    length += plain ? 1 : 6;
  }
  return length;
}

/** Characters of extended attributes in a manifest. */
export function attributesLength(xattrs: Record<string, string> = {}): number {
  let length = 0;
  for (const [name, value] of Object.entries(xattrs)) {
    length += writtenLength(textToPath(name).toString('latin1')) + value.length;
  }
  return length;
}

/** Sorts as the bytes of the paths do. */
export function comparePaths(left: string, right: string): number {
  return Buffer.compare(textToPath(left), textToPath(right));
}

/** An entry's line of the tree's digest. */
export function digestLine({ path, type, mode, sha256, target, link, xattrs }: DigestedEntry): string {
  const plain = [path, type, mode, sha256 ?? target ?? ''];
  if (link === undefined && xattrs === undefined) return JSON.stringify(plain);
  const sorted = Object.entries(xattrs ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([...plain, link ?? '', sorted]);
}

export type DigestedEntry = Omit<ManifestEntry, 'uid' | 'gid' | 'mtime_ns' | 'ctime_ns' | 'ino' | 'size'>;

function escaped(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return text;
}

/** Bytes of the valid UTF-8 character that begins here; 0 when none does. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const character = bytes.subarray(at, at + length);
  return Buffer.from(character.toString('utf8'), 'utf8').equals(character) ? length : 0;
}
