import { z } from 'zod';

const NEWLINE = 0x0a;
const LONGEST_HEADER = 64 * 1024;

/** Begins every answer of a helper; `id` 0 is none of a request. */
const header = z.looseObject({ id: z.number().int(), bytes: z.number().int().min(0) });

export interface Frame {
  header: z.infer<typeof header>;
  body: Buffer;
}

/**
 * Cuts a stream into answers: a line of JSON each, followed by as many bytes as it says. What comes is not to be
 * trusted: processes of the session may write into the stream of a helper that runs as their user.
 */
export class FrameReader {
  private rest = Buffer.alloc(0);
  private current: Frame | undefined;
  private filled = 0;

  constructor(
    private readonly onFrame: (frame: Frame) => void,
    /** Bytes that the answer to a request may have. */
    private readonly limitOf: (id: number) => number,
  ) {}

  /** Fails for what is not such a stream. */
  push(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (!this.current) {
        const end = bytes.indexOf(NEWLINE);
        if (end < 0) return this.keep(bytes);
        this.begin(bytes.toString('utf8', 0, end));
        bytes = bytes.subarray(end + 1);
      }
      bytes = bytes.subarray(this.fill(bytes));
    }
  }

  private keep(bytes: Buffer): void {
    if (bytes.length > LONGEST_HEADER) throw new Error('The line is too long.');
    this.rest = Buffer.from(bytes);
  }

  private begin(line: string): void {
    const begun = header.parse(JSON.parse(line));
    if (begun.bytes > this.limitOf(begun.id)) throw new Error('The answer is too large.');
    this.current = { header: begun, body: Buffer.allocUnsafe(begun.bytes) };
    this.filled = 0;
  }

  /** Takes what belongs to the current answer and says how much that was. */
  private fill(bytes: Buffer): number {
    const { current } = this;
    if (!current) return 0;
    const taken = bytes.copy(current.body, this.filled);
    this.filled += taken;
    if (this.filled === current.body.length) {
      this.current = undefined;
      this.onFrame(current);
    }
    return taken;
  }
}
