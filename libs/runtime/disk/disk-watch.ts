import { statfs } from 'node:fs/promises';

const LOOK_EVERY_MS = 250;
const MIB = 1024 * 1024;
const LARGEST_RESERVE = 256 * MIB;

export interface DiskSpace {
  freeBytes: number;
  /** Kept free for what ends or frees something: the smaller of 10 % of the file system and 256 MiB. */
  reserveBytes: number;
}

/** Keeps an eye on the room of a file system, so that nobody has to ask for it on the way of a request. */
export class DiskWatch {
  readonly #path: string;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<() => void>();
  #space: DiskSpace;

  /** @throws Error when the path is not there */
  static async start(path: string, lookEveryMs = LOOK_EVERY_MS): Promise<DiskWatch> {
    return new DiskWatch(path, await look(path), lookEveryMs);
  }

  private constructor(path: string, space: DiskSpace, lookEveryMs: number) {
    this.#path = path;
    this.#space = space;
    this.#timer = setInterval(() => void this.#lookAgain(), lookEveryMs).unref();
  }

  get space(): DiskSpace {
    return this.#space;
  }

  /** A sentence when less than the reserve is free; undefined otherwise. */
  shortage(): string | undefined {
    const { freeBytes, reserveBytes } = this.#space;
    if (freeBytes >= reserveBytes) return undefined;
    return (
      `The disk is full: ${inMib(freeBytes)} are free at ${this.#path}, and ${inMib(reserveBytes)} are kept in reserve. ` +
      'Make room on it, or close, delete and erase sessions; it goes on by itself then.'
    );
  }

  /** Nothing can be written any more. */
  isExhausted(): boolean {
    const { freeBytes, reserveBytes } = this.#space;
    return freeBytes < Math.min(MIB, reserveBytes / 8);
  }

  /**
   * Calls back after each look.
   * @returns a function that ends that
   */
  onLook(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  async #lookAgain(): Promise<void> {
    // A file system that cannot be asked now stays as it was.
    this.#space = await look(this.#path).catch(() => this.#space);
    for (const listener of [...this.#listeners]) listener();
  }
}

async function look(path: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(path);
  return { freeBytes: bavail * bsize, reserveBytes: Math.min(LARGEST_RESERVE, (blocks * bsize) / 10) };
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
