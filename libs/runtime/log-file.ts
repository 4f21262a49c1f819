import { chmodSync, closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const LARGEST_BYTES = 10 * 1024 * 1024;
const KEPT = 2;

/**
 * A log file of lines, readable by its owner only. It is renamed to `<file>.1` when it has grown large, and the two
 * before it are kept. A line that cannot be written, as on a full disk, is counted and dropped: logging never fails.
 * Synchronous, so that a crash does not take the lines that explain it.
 */
export class LogFile {
  readonly #path: string;
  readonly #largestBytes: number;
  #file: number;
  #bytes: number;
  #lost = 0;

  /** @throws a system error when the file cannot be opened */
  constructor(path: string, largestBytes = LARGEST_BYTES) {
    this.#path = path;
    this.#largestBytes = largestBytes;
    [this.#file, this.#bytes] = openPrivate(path);
  }

  write(line: string): void {
    try {
      if (this.#bytes >= this.#largestBytes) this.#rotate();
      if (this.#lost > 0) this.#append(lostLine(this.#lost));
      this.#lost = 0;
      this.#append(line);
    } catch {
      this.#lost += 1;
    }
  }

  /** A disk that fills up takes a part of a line; the next line then begins on its own. */
  #append(line: string): void {
    const bytes = Buffer.from(line);
    for (let written = 0; written < bytes.length;) {
      const count = writeSync(this.#file, bytes, written);
      if (count === 0) throw new Error('The disk took nothing.');
      written += count;
      this.#bytes += count;
    }
  }

  #rotate(): void {
    for (let n = KEPT; n > 0; n--) {
      try {
        renameSync(n === 1 ? this.#path : `${this.#path}.${n - 1}`, `${this.#path}.${n}`);
      } catch {
        // There were not as many yet, or it cannot be renamed: then this one goes on.
      }
    }
    const old = this.#file;
    [this.#file, this.#bytes] = openPrivate(this.#path);
    closeSync(old);
  }
}

function openPrivate(path: string): [file: number, bytes: number] {
  const file = openSync(path, 'a', 0o600);
  chmodSync(path, 0o600);
  return [file, fstatSync(file).size];
}

function lostLine(count: number): string {
  const msg = `${count} lines could not be written here, probably because the disk was full`;
  return `\n${JSON.stringify({ level: 40, time: new Date().toISOString(), msg })}\n`;
}

/**
 * Keeps a failed write to standard output or error, such as to a file on a full disk or a pipe that nobody reads, from
 * ending the process.
 */
export function guardStandardStreams(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
