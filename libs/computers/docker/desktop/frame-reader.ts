import { z } from 'zod';

const NEWLINE = 0x0a;

/** Begins every answer of the program in the container; `id` 0 is none of a request. */
const header = z.looseObject({
  id: z.number().int(),
  bytes: z.number().int().min(0),
  failed: z.string().optional(),
  message: z.string().optional(),
});

export interface Frame {
  header: z.infer<typeof header>;
  body: Buffer;
}

/** Cuts a stream into answers: a line of JSON each, followed by as many bytes as it says. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private size = 0;
  private needed = 0;
  private current: Frame['header'] | undefined;

  constructor(private readonly onFrame: (frame: Frame) => void) {}

  /** Fails for what is not such a stream. */
  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.needed) return;
    let bytes = Buffer.concat(this.chunks);
    for (;;) {
      if (!this.current) {
        const end = bytes.indexOf(NEWLINE);
        if (end < 0) break;
        this.current = header.parse(JSON.parse(bytes.toString('utf8', 0, end)));
        bytes = bytes.subarray(end + 1);
      }
      if (bytes.length < this.current.bytes) break;
      const frame = { header: this.current, body: bytes.subarray(0, this.current.bytes) };
      bytes = bytes.subarray(this.current.bytes);
      this.current = undefined;
      this.onFrame(frame);
    }
    this.chunks = [bytes];
    this.size = bytes.length;
    this.needed = this.current?.bytes ?? 0;
  }
}
