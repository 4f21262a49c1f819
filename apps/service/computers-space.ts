import type { Computers } from '#computers';

const MIB = 1024 * 1024;
const LARGEST_RESERVE = 256 * MIB;
const GOOD_FOR_MS = 1_000;

/** Whether the disk that the computers are on has room for more of them. */
export class ComputersSpace {
  private last: string | undefined;
  private known = false;
  private askedAt = -Infinity;
  private asking: Promise<void> | undefined;

  constructor(private readonly computers: Pick<Computers, 'space'>) {}

  /**
   * A sentence when less than the reserve is free; undefined otherwise, and where the disk cannot be seen. It is what was
   * found a moment ago: nobody waits for a disk or an engine but the first who asks.
   */
  async shortage(): Promise<string | undefined> {
    const looked = this.look();
    if (!this.known) await looked;
    return this.last;
  }

  /** The same as it was last found, for whoever cannot wait. */
  get lastShortage(): string | undefined {
    void this.look();
    return this.last;
  }

  private look(): Promise<void> {
    if (performance.now() - this.askedAt < GOOD_FOR_MS) return this.asking ?? Promise.resolve();
    this.askedAt = performance.now();
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<void> {
    // An engine that is away says so by itself.
    const space = await this.computers.space().catch(() => undefined);
    this.known = true;
    if (space === undefined) {
      this.last = undefined;
      return;
    }
    const { path, freeBytes, totalBytes } = space;
    const reserve = Math.min(LARGEST_RESERVE, totalBytes / 10);
    this.last = freeBytes >= reserve ? undefined : shortageAt(path, freeBytes, reserve);
  }
}

function shortageAt(path: string, freeBytes: number, reserve: number): string {
  return (
    `The disk of the computers is full: ${inMib(freeBytes)} are free at ${path}, and ${inMib(reserve)} are kept in reserve. ` +
    'No session is created, restored or remixed until there is room: make some, or delete sessions that nobody needs.'
  );
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
