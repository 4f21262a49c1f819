import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ComputerError } from '../computer.js';
import { type ManifestEntry, comparePaths } from '../snapshot-format.js';

/** Ends the search for the end of a line in a damaged manifest. */
const MAX_LINE = 64 * 1024 * 1024;
const BLOCK = 4096;

export interface Found {
  /** What the first line of the manifest says. */
  header: unknown;
  /** Undefined when the manifest does not have the path, null when it says that the path is gone. */
  entry: ManifestEntry | null | undefined;
}

/** Looks for a path in a manifest by bisection. Reads so little that waiting for it would take longer. */
export function findInManifest(place: string, path: string): Found {
  return inManifest(place, (file) => {
    const header = lineAt(file, 0);
    return { header: JSON.parse(header.text) as unknown, entry: bisect(file, header.end, path) };
  });
}

export function headerOf(place: string): unknown {
  return inManifest(place, (file) => JSON.parse(lineAt(file, 0).text) as unknown);
}

function bisect(file: number, from: number, path: string): ManifestEntry | null | undefined {
  let low = from;
  let high = fstatSync(file).size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const line = middle === low ? lineAt(file, low) : lineFrom(file, middle, high);
    const parsed = line && (JSON.parse(line.text) as ManifestEntry & { gone?: true });
    const order = parsed === undefined ? 1 : comparePaths(parsed.path, path);
    if (parsed !== undefined && order === 0) return parsed.gone ? null : parsed;
    if (line !== undefined && order < 0) low = line.end;
    else high = middle;
  }
  return undefined;
}

function inManifest<T>(place: string, task: (file: number) => T): T {
  const file = openSync(place, 'r');
  try {
    return task(file);
  } finally {
    closeSync(file);
  }
}

interface Line {
  text: string;
  /** Where the next line begins. */
  end: number;
}

/** The line that begins at an offset. */
function lineAt(file: number, offset: number): Line {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= MAX_LINE;) {
    const block = Buffer.allocUnsafe(BLOCK);
    const chunk = block.subarray(0, readSync(file, block, 0, BLOCK, offset + length));
    const end = chunk.indexOf('\n');
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    length += chunk.length;
    if (end >= 0 || chunk.length === 0) {
      const line = Buffer.concat(chunks);
      return { text: line.toString('utf8'), end: offset + line.length + 1 };
    }
  }
  throw new ComputerError(
    'file_not_readable',
    'A manifest of a snapshot is damaged: it has a line without end.',
  );
}

/** The first line that begins at an offset or behind it, and before another one. */
function lineFrom(file: number, offset: number, before: number): Line | undefined {
  const { end } = lineAt(file, offset - 1);
  return end >= before ? undefined : lineAt(file, end);
}
