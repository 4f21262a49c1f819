import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError } from '../computer.js';
import {
  type ManifestEntry,
  type ManifestHeader,
  SNAPSHOT_ID,
  comparePaths,
  manifestHeader,
  textToPath,
} from '../snapshot-format.js';
import { hasCode } from './errno.js';

export type ManifestLine = ManifestEntry | { path: string; gone: true };

/** More than any line has: a path, the attributes of a file, and the rest. */
const MAX_LINE = 1024 * 1024;
const CHUNK = 64 * 1024;

/** The manifests of one session's snapshots. */
export class ManifestStore {
  constructor(
    private readonly folder: string,
    private readonly sessionId: string,
  ) {}

  /** Oldest first. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    });
    return names
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => name.slice(0, -'.jsonl'.length))
      .filter((id) => SNAPSHOT_ID.test(id))
      .sort();
  }

  async size(id: string): Promise<number> {
    return (await stat(this.place(id))).size;
  }

  /** Throws `snapshot_not_found`. */
  async header(id: string): Promise<ManifestHeader> {
    return this.during(id, async () => {
      const file = await open(this.place(id));
      try {
        const line = await lineAt(file, 0);
        return manifestHeader.parse(JSON.parse(line.text));
      } finally {
        await file.close();
      }
    });
  }

  /** From the newest to the whole manifest. */
  async chain(id: string): Promise<ManifestHeader[]> {
    const chain = [await this.header(id)];
    for (let parent = chain[0]?.parent; parent; parent = chain.at(-1)?.parent) {
      chain.push(await this.header(parent));
    }
    return chain;
  }

  /** All entries by path, one character a byte. */
  async entries(chain: readonly ManifestHeader[]): Promise<Map<string, ManifestEntry>> {
    const entries = new Map<string, ManifestEntry>();
    for (const { snapshot_id } of chain.toReversed()) {
      for await (const line of this.lines(snapshot_id)) {
        const path = textToPath(line.path).toString('latin1');
        if ('gone' in line) entries.delete(path);
        else entries.set(path, line);
      }
    }
    return entries;
  }

  /** Looks into the differences, newest first, and then searches the whole manifest by bisection. */
  async find(chain: readonly ManifestHeader[], path: string): Promise<ManifestEntry | undefined> {
    for (const { snapshot_id, parent } of chain) {
      if (parent === null) return this.bisect(snapshot_id, path);
      for await (const line of this.lines(snapshot_id)) {
        if (line.path === path) return 'gone' in line ? undefined : line;
      }
    }
    return undefined;
  }

  /** Gives the bytes that were written. */
  async write(header: ManifestHeader, lines: Iterable<string>): Promise<number> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.folder, `${header.snapshot_id}.partial`);
    const file = await open(temporary, 'w', 0o600);
    try {
      let size = 0;
      for (const text of batches(header, lines)) {
        const { bytesWritten } = await file.write(text);
        size += bytesWritten;
      }
      await file.datasync();
      await rename(temporary, this.place(header.snapshot_id));
      return size;
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.place(id), { force: true });
  }

  private async *lines(id: string): AsyncGenerator<ManifestLine> {
    const input = createReadStream(this.place(id), { encoding: 'utf8', highWaterMark: CHUNK });
    let rest = '';
    let first = true;
    try {
      for await (const chunk of input) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of first ? lines.slice(1) : lines) yield JSON.parse(line) as ManifestLine;
        first &&= lines.length === 0;
      }
    } finally {
      input.destroy();
    }
  }

  private async bisect(id: string, path: string): Promise<ManifestEntry | undefined> {
    const file = await open(this.place(id));
    try {
      let low = (await lineAt(file, 0)).end;
      let high = (await file.stat()).size;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        const line = middle === low ? await lineAt(file, low) : await lineFrom(file, middle, high);
        const order = line === undefined ? 1 : comparePaths(pathIn(line.text), path);
        if (line !== undefined && order === 0) return JSON.parse(line.text) as ManifestEntry;
        if (line !== undefined && order < 0) low = line.end;
        else high = middle;
      }
      return undefined;
    } finally {
      await file.close();
    }
  }

  private place(id: string): string {
    return join(this.folder, `${id}.jsonl`);
  }

  private async during<T>(id: string, task: () => Promise<T>): Promise<T> {
    const missing = `Session ${this.sessionId} has no snapshot "${id}" here.`;
    if (!SNAPSHOT_ID.test(id)) throw new ComputerError('snapshot_not_found', missing);
    try {
      return await task();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) throw new ComputerError('snapshot_not_found', missing, { cause: error });
      throw error;
    }
  }
}

function* batches(header: ManifestHeader, lines: Iterable<string>): Iterable<string> {
  let text = `${JSON.stringify(header)}\n`;
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield text;
}

function pathIn(line: string): string {
  return String((JSON.parse(line) as { path: unknown }).path);
}

interface Line {
  text: string;
  /** Where the next line begins. */
  end: number;
}

/** The line that begins at an offset. */
async function lineAt(file: FileHandle, offset: number): Promise<Line> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= MAX_LINE) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(4096), 0, 4096, offset + length);
    const chunk = buffer.subarray(0, bytesRead);
    const end = chunk.indexOf('\n');
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    length += bytesRead;
    if (end >= 0 || bytesRead === 0) {
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
async function lineFrom(file: FileHandle, offset: number, before: number): Promise<Line | undefined> {
  const { end } = await lineAt(file, offset - 1);
  return end >= before ? undefined : lineAt(file, end);
}
