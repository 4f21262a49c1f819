import type { Duplex } from 'node:stream';
import { demultiplex } from '../engine/engine-stream.js';
import { type Frame, FrameReader } from './frame-reader.js';

/** No answer comes: the helper ended, or was given up. Whether it did what it was asked to is not known. */
export class HelperEnded extends Error {
  override readonly name = 'HelperEnded';

  constructor(
    /** Why, to be put into a sentence. */
    readonly reason: string,
    /** What the helper itself said about its end, if it did. */
    readonly header?: Frame['header'],
  ) {
    super(`A helper in the computer ended: ${reason}.`);
  }
}

export interface HelperCall {
  /** Until the helper is given up. */
  timeoutMs: number;
  /** Bytes that the answer may have after its header. */
  maxBytes: number;
  /** Follows the request. */
  content?: Uint8Array;
  /** Tells the helper that the answer is not wanted any more; it still answers. */
  signal?: AbortSignal;
}

interface Waiting {
  maxBytes: number;
  resolve: (frame: Frame) => void;
  reject: (error: HelperEnded) => void;
}

const COMPLAINT_CHARACTERS = 2_000;
const LEAVING_MS = 3_000;

/** One life of a helper: requests go as lines of JSON with ids, answers come as frames, in any order. */
export class HelperConnection {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private complaint = '';
  /** Why no answer comes any more. */
  private ending: HelperEnded | undefined;

  constructor(private readonly stream: Duplex) {
    this.listen();
  }

  get alive(): boolean {
    return this.ending === undefined;
  }

  /** Fails with `HelperEnded` only. */
  async call(request: object, { timeoutMs, maxBytes, content, signal }: HelperCall): Promise<Frame> {
    if (this.ending) throw this.ending;
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    this.waiting.set(id, { maxBytes, resolve, reject });
    const cancel = (): void => this.send({ cancel: id });
    const deadline = setTimeout(
      () => this.end(`it did not answer within ${Math.round(timeoutMs / 1000)} seconds`),
      timeoutMs,
    );
    signal?.addEventListener('abort', cancel, { once: true });
    this.send({ id, ...request }, content);
    try {
      return await promise;
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', cancel);
      this.waiting.delete(id);
    }
  }

  /** The end of its input tells the helper to finish what it does and end, for which it gets some time. */
  end(reason: string, header?: Frame['header']): void {
    if (this.ending) return;
    this.ending = new HelperEnded(reason, header);
    for (const { reject } of this.waiting.values()) reject(this.ending);
    this.stream.end();
    setTimeout(() => this.stream.destroy(), LEAVING_MS).unref();
  }

  private listen(): void {
    const reader = new FrameReader(
      (frame) => this.onFrame(frame),
      (id) => this.waiting.get(id)?.maxBytes ?? 0,
    );
    void demultiplex(this.stream, {
      onStdout: (chunk) => {
        if (this.ending) return;
        try {
          reader.push(chunk);
        } catch {
          this.end(`it said what is no answer: ${chunk.toString('utf8', 0, 200).trim()}`);
        }
      },
      onStderr: (chunk) =>
        (this.complaint = (this.complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARACTERS)),
    }).then(() =>
      this.end(this.complaint.trim().split('\n').at(-1) || 'it was killed, or its computer stopped'),
    );
  }

  private onFrame(frame: Frame): void {
    if (frame.header.id > 0) return this.waiting.get(frame.header.id)?.resolve(frame);
    const { message } = frame.header;
    this.end(typeof message === 'string' ? message : 'no reason given', frame.header);
  }

  private send(message: object, content?: Uint8Array): void {
    if (!this.stream.writable) return;
    this.stream.cork();
    this.stream.write(`${JSON.stringify(message)}\n`);
    if (content) this.stream.write(content);
    this.stream.uncork();
  }
}
