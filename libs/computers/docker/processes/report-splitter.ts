/** A line of ours is short; something longer that begins like one is output. */
const LONGEST_LINE = 64 * 1024;

/**
 * Tells the lines that our wrappers write from a command's output in the same stream: they begin with a secret
 * prefix. One stream instead of two, because two arrive in no order.
 */
export class ReportSplitter {
  private rest = Buffer.alloc(0);
  private readonly prefix: Buffer;

  constructor(
    prefix: string,
    private readonly onOutput: (chunk: Buffer) => void,
    private readonly onReport: (line: string) => void,
  ) {
    this.prefix = Buffer.from(prefix);
  }

  push(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (;;) {
      const start = bytes.indexOf(this.prefix);
      if (start < 0) break;
      const end = bytes.indexOf('\n', start);
      if (end < 0 && bytes.length - start < LONGEST_LINE) return this.keep(bytes, start);
      this.emit(bytes.subarray(0, start));
      if (end < 0) break;
      this.onReport(bytes.toString('utf8', start, end));
      bytes = bytes.subarray(end + 1);
    }
    this.keep(bytes, bytes.length - this.begunPrefix(bytes));
  }

  /** No more comes: what looked like the begin of a line was output. */
  end(): void {
    this.emit(this.rest);
    this.rest = Buffer.alloc(0);
  }

  private keep(bytes: Buffer, from: number): void {
    this.emit(bytes.subarray(0, from));
    this.rest = Buffer.from(bytes.subarray(from));
  }

  /** How many bytes at the end may be the begin of the prefix. */
  private begunPrefix(bytes: Buffer): number {
    for (let length = Math.min(this.prefix.length - 1, bytes.length); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.prefix.subarray(0, length))) return length;
    }
    return 0;
  }

  private emit(bytes: Buffer): void {
    if (bytes.length > 0) this.onOutput(bytes);
  }
}
