import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, fchownSync, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ComputerError } from '../computer.js';
import { field, hasCode } from './errno.js';
import { findProgram } from './sandbox/programs.js';

const run = promisify(execFile);

/** Makes named pipes that are their owner's alone; Node has no call for it. */
export async function makePipes(...paths: string[]): Promise<void> {
  const program = findProgram('mkfifo');
  if (program === undefined) {
    throw new ComputerError(
      'driver_unavailable',
      'The program mkfifo is missing, which local computers need. Install coreutils and try again.',
    );
  }
  try {
    await run(program, ['-m', '600', '--', ...paths]);
  } catch (cause) {
    throw new ComputerError('driver_unavailable', `A pipe could not be made: ${reasonOf(cause)}.`, { cause });
  }
}

/** What the program itself said. */
function reasonOf(error: unknown): string {
  const said = field(error, 'stderr');
  return (typeof said === 'string' && said.trim()) || String(field(error, 'message') ?? error);
}

/** What a pipe holds at most: after reading that much, everything written before is read. */
const PIPE_CAPACITY = 64 * 1024;

/**
 * After this many bytes in one go the reader rests. What prints without end has to wait then, as for a slow terminal,
 * and costs the service a tenth of a processor at most.
 */
const REST_AFTER_BYTES = 1024 * 1024;
const REST_MS = 8;

interface Ends {
  read: number;
  write: number;
}

/** Made ahead of need: the program that makes them takes as long as a short command. */
const ready: Ends[] = [];
const AHEAD = 4;
let making: Promise<void> | undefined;

async function takeEnds(folder: string): Promise<Ends> {
  const ends = ready.pop() ?? (await makeEnds(folder, 1))[0];
  if (ends === undefined) throw new Error('A pipe was made and is not there.');
  if (ready.length === 0) making ??= makeAhead(folder).finally(() => (making = undefined));
  return ends;
}

/** Where it fails, the next one who needs a pipe makes it and says why. */
async function makeAhead(folder: string): Promise<void> {
  ready.push(...(await makeEnds(folder, AHEAD).catch(() => [])));
}

async function makeEnds(folder: string, count: number): Promise<Ends[]> {
  const paths = Array.from({ length: count }, () => join(folder, `.pipe-${randomUUID()}`));
  try {
    await makePipes(...paths);
    return paths.map((path) => ({
      read: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      write: openSync(path, constants.O_WRONLY),
    }));
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}

/**
 * A real pipe for a child's stdout and stderr together. Node's own `pipe` is a socket pair, on which
 * `echo > /dev/stdout` fails, and two of them would lose the order of the two streams.
 */
export class OutputPipe {
  private readonly reader: Socket;
  private sinceRest = 0;
  private readonly buffer = Buffer.allocUnsafe(PIPE_CAPACITY);

  private constructor(
    private readonly readEnd: number,
    private writeEnd: number | undefined,
    private readonly onData: (chunk: Buffer) => void,
  ) {
    // One buffer for all that is read: a new one each time would be much garbage for what is not even kept.
    const onread = {
      buffer: Buffer.allocUnsafe(PIPE_CAPACITY),
      callback: (length: number, buffer: Uint8Array): boolean => {
        this.receive(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    };
    this.reader = new Socket({ fd: readEnd, readable: true, writable: false, onread });
    this.reader.on('error', () => this.close());
  }

  /**
   * `folder` holds the names of pipes for the moment between making and opening them. `user` may open this one by name
   * (as /dev/stdout) beside us. What `onData` gets is overwritten afterwards.
   */
  static async open(
    folder: string,
    onData: (chunk: Buffer) => void,
    user: number | undefined,
  ): Promise<OutputPipe> {
    const ends = await takeEnds(folder);
    if (user !== undefined) fchownSync(ends.read, user, user);
    return new OutputPipe(ends.read, ends.write, onData);
  }

  /** To be given to the child. */
  get writeFd(): number {
    if (this.writeEnd === undefined) throw new Error('The write end of this pipe was already given away.');
    return this.writeEnd;
  }

  /** Our copy of the write end is closed once the child has its own. */
  releaseWriteEnd(): void {
    if (this.writeEnd !== undefined) closeSync(this.writeEnd);
    this.writeEnd = undefined;
  }

  /** Reads all that was written before this call, without waiting for what may follow. */
  drain(): void {
    if (this.reader.destroyed) return;
    for (let read = 0; read < PIPE_CAPACITY;) {
      const bytes = this.readAvailable();
      if (bytes === 0) return;
      read += bytes;
      this.onData(this.buffer.subarray(0, bytes));
    }
  }

  close(): void {
    this.releaseWriteEnd();
    this.reader.destroy();
  }

  private receive(chunk: Buffer): void {
    this.onData(chunk);
    this.sinceRest += chunk.length;
    if (this.sinceRest < REST_AFTER_BYTES) return;
    this.sinceRest = 0;
    this.reader.pause();
    setTimeout(() => this.reader.resume(), REST_MS);
  }

  private readAvailable(): number {
    try {
      return readSync(this.readEnd, this.buffer);
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return 0;
      throw error;
    }
  }
}
