import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { ComputerError } from '../../computer.js';
import type { InputAction, Region } from '../../desktop.js';
import { startProcess } from '../container/container-process.js';
import { demultiplex } from '../engine/engine-stream.js';
import { type Frame, FrameReader } from './frame-reader.js';
import { HELPER } from './inside/helper.js';

export type HelperRequest =
  { verb: 'screenshot'; region?: Region } | { verb: 'pointer' } | { verb: 'input'; action: InputAction };

export interface CallOptions {
  /** Until the helper is given up. */
  timeoutMs: number;
  signal?: AbortSignal;
}

interface Waiting {
  resolve: (frame: Frame) => void;
  reject: (error: Error) => void;
}

const COMPLAINT_CHARACTERS = 2_000;
const LEAVING_MS = 3_000;

/** The program in a container that is eyes and hands, on one connection to the engine for as long as it lives. */
export class DesktopHelper {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;
  private complaint = '';
  /** Why no answer comes any more. */
  private ending: ComputerError | undefined;

  private constructor(private readonly stream: Duplex) {}

  static async open(container: Docker.Container, env: Record<string, string>): Promise<DesktopHelper> {
    const argv = ['python3', '-I', '-S', '-c', HELPER];
    const helper = new DesktopHelper(await startProcess(container, { argv, env, stdin: true }));
    helper.listen();
    return helper;
  }

  get alive(): boolean {
    return this.ending === undefined;
  }

  /** Fails with `desktop_failed`, `no_desktop` or `command_refused`; when aborted, with the signal's reason. */
  async call(request: HelperRequest, { signal, timeoutMs }: CallOptions): Promise<Frame> {
    if (this.ending) throw this.ending;
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Frame>();
    this.waiting.set(id, { resolve, reject });
    const cancel = (): void => this.send({ cancel: id });
    const deadline = setTimeout(
      () => this.end(`it did not answer within ${Math.round(timeoutMs / 1000)} seconds`),
      timeoutMs,
    );
    signal?.addEventListener('abort', cancel, { once: true });
    this.send({ id, ...request });
    try {
      const frame = await promise;
      const { failed, message } = frame.header;
      if (failed === undefined) return frame;
      if (failed === 'aborted') signal?.throwIfAborted();
      const code = failed === 'no_desktop' || failed === 'command_refused' ? failed : 'desktop_failed';
      throw new ComputerError(code, message ?? 'The desktop failed.');
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', cancel);
      this.waiting.delete(id);
    }
  }

  /** The program releases what it holds and ends; the desktop stays. */
  close(): void {
    this.end('it was closed');
  }

  private listen(): void {
    const reader = new FrameReader((frame) => {
      if (frame.header.id > 0) this.waiting.get(frame.header.id)?.resolve(frame);
      else this.end(frame.header.message ?? 'no reason given', 'no_desktop');
    });
    void demultiplex(this.stream, {
      onStdout: (chunk) => {
        try {
          reader.push(chunk);
        } catch {
          this.end(`it said what is no answer: ${chunk.toString('utf8', 0, 200)}`);
        }
      },
      onStderr: (chunk) =>
        (this.complaint = (this.complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARACTERS)),
    }).then(() =>
      this.end(this.complaint.trim().split('\n').at(-1) || 'it was killed, or its computer stopped'),
    );
  }

  private send(message: object): void {
    if (this.stream.writable) this.stream.write(`${JSON.stringify(message)}\n`);
  }

  private end(reason: string, code: 'no_desktop' | 'desktop_failed' = 'desktop_failed'): void {
    if (this.ending) return;
    const message = code === 'no_desktop' ? reason : `The program that serves the desktop ended: ${reason}.`;
    this.ending = new ComputerError(code, message);
    for (const { reject } of this.waiting.values()) reject(this.ending);
    // The end of its input tells it to release what it holds, for which it gets some time.
    this.stream.end();
    setTimeout(() => this.stream.destroy(), LEAVING_MS).unref();
  }
}
