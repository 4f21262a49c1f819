import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ComputerError } from '../computer.js';
import {
  type ManifestEntry,
  type ManifestHeader,
  SNAPSHOT_ID,
  manifestHeader,
  textToPath,
} from '../snapshot-format.js';
import { hasCode } from './errno.js';
import { type Found, findInManifest, headerOf } from './manifest-search.js';

export type ManifestLine = ManifestEntry | { path: string; gone: true };

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
  header(id: string): ManifestHeader {
    return this.reading(id, (place) => manifestHeader.parse(headerOf(place)));
  }

  /** From the newest to the whole manifest. */
  chain(id: string): ManifestHeader[] {
    const chain = [this.header(id)];
    for (let parent = chain[0]?.parent; parent; parent = chain.at(-1)?.parent) {
      chain.push(this.header(parent));
    }
    return chain;
  }

  /** All entries by path, one character a byte. */
  async entries(chain: readonly ManifestHeader[]): Promise<Map<string, ManifestEntry>> {
    const entries = new Map<string, ManifestEntry>();
    for (const { snapshot_id } of chain.toReversed()) await this.apply(snapshot_id, entries);
    return entries;
  }

  /** Brings entries as of the parent up to one manifest. Gives those that this one has. */
  async apply(id: string, entries: Map<string, ManifestEntry>): Promise<ManifestEntry[]> {
    const own: ManifestEntry[] = [];
    for await (const lines of this.lines(id)) {
      for (const line of lines) {
        const path = textToPath(line.path).toString('latin1');
        if ('gone' in line) {
          entries.delete(path);
        } else {
          entries.set(path, line);
          own.push(line);
        }
      }
    }
    return own;
  }

  /** Looks into the differences, newest first, and then into the whole manifest. Throws `snapshot_not_found`. */
  find(id: string, path: string): ManifestEntry | undefined {
    for (let next: string | null = id; next !== null;) {
      const { header, entry }: Found = this.reading(next, (place) => findInManifest(place, path));
      if (entry !== undefined) return entry ?? undefined;
      next = manifestHeader.parse(header).parent;
    }
    return undefined;
  }

  /** Gives the bytes that were written. The manifest is there only once its contents are safe on the disk. */
  async write(
    header: ManifestHeader,
    lines: Iterable<string>,
    contents: Promise<void> = Promise.resolve(),
  ): Promise<number> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.folder, `${header.snapshot_id}.partial`);
    const file = await open(temporary, 'w', 0o600);
    try {
      let size = 0;
      for (const text of batches(header, lines)) {
        const { bytesWritten } = await file.write(text);
        size += bytesWritten;
      }
      await Promise.all([file.datasync(), contents]);
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

  /** What a crash has cut off. */
  async removeUnfinished(): Promise<void> {
    const names = await readdir(this.folder).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.partial'))) await rm(join(this.folder, name));
  }

  /** In batches, so that others are not kept waiting for a large one. */
  private async *lines(id: string): AsyncGenerator<ManifestLine[]> {
    const input = createReadStream(this.place(id), { encoding: 'utf8', highWaterMark: CHUNK });
    let rest = '';
    let first = true;
    try {
      for await (const chunk of input) {
        const text = rest + String(chunk);
        const begin = first ? text.indexOf('\n') + 1 : 0;
        const end = text.lastIndexOf('\n');
        rest = text.slice(end + 1);
        if (end > begin)
          yield JSON.parse(`[${text.slice(begin, end).replaceAll('\n', ',')}]`) as ManifestLine[];
        first &&= end < 0;
      }
    } finally {
      input.destroy();
    }
  }

  private place(id: string): string {
    return join(this.folder, `${id}.jsonl`);
  }

  private reading<T>(id: string, task: (place: string) => T): T {
    const missing = `Session ${this.sessionId} has no snapshot "${id}" here.`;
    if (!SNAPSHOT_ID.test(id)) throw new ComputerError('snapshot_not_found', missing);
    try {
      return task(this.place(id));
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
