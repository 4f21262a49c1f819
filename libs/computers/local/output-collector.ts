/** What is left of a command's output when it ended. */
export interface CollectedOutput {
  output: string;
  truncated: boolean;
}

/**
 * Keeps the first and the last half of `maxBytes` of a stream and counts the rest, so that a command which
 * prints for ever costs no more memory than one that prints a little.
 */
export class OutputCollector {
  private readonly headLimit: number;
  private readonly tailLimit: number;
  private head: Buffer[] = [];
  private headBytes = 0;
  private tail: Buffer[] = [];
  private tailBytes = 0;
  private total = 0;
  private streamed = 0;
  private readonly decoder = new TextDecoder();

  /** `onOutput` gets the text as it comes, at most `maxBytes` of it. */
  constructor(
    private readonly maxBytes: number,
    private readonly onOutput?: (chunk: string) => void,
  ) {
    this.headLimit = Math.ceil(maxBytes / 2);
    this.tailLimit = maxBytes - this.headLimit;
  }

  push(chunk: Buffer): void {
    this.total += chunk.length;
    this.stream(chunk);
    const toHead = Math.min(chunk.length, this.headLimit - this.headBytes);
    if (toHead > 0) {
      this.head.push(Buffer.from(chunk.subarray(0, toHead)));
      this.headBytes += toHead;
    }
    if (toHead < chunk.length) this.pushTail(chunk.subarray(Math.max(toHead, chunk.length - this.tailLimit)));
  }

  finish(): CollectedOutput {
    const rest = this.decoder.decode();
    if (rest !== '' && this.streamed <= this.maxBytes) this.onOutput?.(rest);
    const head = Buffer.concat(this.head);
    const tail = Buffer.concat(this.tail).subarray(Math.max(0, this.tailBytes - this.tailLimit));
    if (this.total <= this.maxBytes) {
      return { output: Buffer.concat([head, tail]).toString('utf8'), truncated: false };
    }
    const start = wholeCharactersEnd(head);
    const end = wholeCharactersStart(tail);
    const leftOut = this.total - start - (tail.length - end);
    const notice = `\n[... ${leftOut} bytes of output left out ...]\n`;
    return {
      output: head.subarray(0, start).toString('utf8') + notice + tail.subarray(end).toString('utf8'),
      truncated: true,
    };
  }

  private stream(chunk: Buffer): void {
    if (!this.onOutput || this.streamed >= this.maxBytes) return;
    const text = this.decoder.decode(chunk.subarray(0, this.maxBytes - this.streamed), { stream: true });
    this.streamed += chunk.length;
    if (text !== '') this.onOutput(text);
  }

  private pushTail(chunk: Buffer): void {
    if (this.tailLimit === 0) return;
    this.tail.push(Buffer.from(chunk));
    this.tailBytes += chunk.length;
    for (
      let first = this.tail[0];
      first && this.tailBytes - first.length >= this.tailLimit;
      first = this.tail[0]
    ) {
      this.tailBytes -= first.length;
      this.tail.shift();
    }
  }
}

/** Length of `bytes` without a character cut off at its end. */
function wholeCharactersEnd(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && isContinuation(bytes[start])) start--;
  const first = bytes[start];
  if (first === undefined || first < 0xc0) return bytes.length;
  const needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return bytes.length - start < needed ? start : bytes.length;
}

/** Index of the first byte of `bytes` that starts a character. */
function wholeCharactersStart(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return start;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
