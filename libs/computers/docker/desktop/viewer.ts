import { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import { ComputerError } from '../../computer.js';
import { startProcess } from '../container/container-process.js';
import { demultiplex } from '../engine/engine-stream.js';
import { RELAY } from './inside/relay.js';

const BEGIN_MS = 15_000;
const COMPLAINT_CHARACTERS = 1_000;

/**
 * A server of its own for each viewer, on its own streams: no port anywhere. It leaves clipboard, bell and the repeat
 * of keys as they are, and asks often what has changed. Without naps the first picture is there at once instead of
 * after a second or more, for a hundredth of a processor.
 */
const SERVER = [
  ...['x11vnc', '-inetd', '-display', ':1', '-norc', '-quiet', '-nopw', '-shared', '-repeat', '-xkb'],
  ...['-nosel', '-nobell', '-nodpms', '-noremote', '-novncconnect', '-nocmds', '-nowf', '-noscr'],
  ...['-wait', '10', '-defer', '5', '-nonap', '-o', '/session/logs/viewers.log'],
];

/** Resolves when the server has spoken. */
export async function connectViewer(
  container: Docker.Container,
  { control }: { control: boolean },
): Promise<Duplex> {
  const argv = ['python3', '-I', '-S', '-c', RELAY, ...SERVER, ...(control ? [] : ['-viewonly'])];
  const viewer = new Viewer(await startProcess(container, { argv, stdin: true }));
  await viewer.begun;
  return viewer;
}

/** The two streams of a process in a container as one. */
class Viewer extends Duplex {
  readonly begun: Promise<void>;
  private complaint = '';

  constructor(private readonly stream: Duplex) {
    super();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.begun = promise;
    const deadline = setTimeout(() => this.destroy(), BEGIN_MS);
    void demultiplex(stream, {
      onStdout: (chunk) => {
        resolve();
        clearTimeout(deadline);
        if (!this.push(chunk)) stream.pause();
      },
      onStderr: (chunk) =>
        (this.complaint = (this.complaint + chunk.toString('utf8')).slice(-COMPLAINT_CHARACTERS)),
    }).then(() => {
      clearTimeout(deadline);
      const reason = this.complaint.trim().split('\n').at(-1) || 'see /session/logs/viewers.log';
      reject(new ComputerError('desktop_failed', `The view of the desktop does not begin: ${reason}.`));
      if (this.destroyed) return;
      this.once('end', () => this.destroy());
      this.push(null);
    });
  }

  override _read(): void {
    this.stream.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.stream.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.stream.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stream.destroy();
    done(error);
  }
}
