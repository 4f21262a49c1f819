import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { removeDatabase } from './database.js';
import type { Projection } from './projection.js';
import { ViewFile, type ViewFileOptions } from './view-file.js';
import { ViewReader } from './view-reader.js';

const FILE_NAME = 'views.db';
const NEXT_NAME = 'views.rebuild.db';

/** The file in use with its two connections, and the place where its successor is built. */
export class LiveFile {
  readonly reader: ViewReader;
  private constructor(
    private current: ViewFile,
    private readonly options: ViewFileOptions,
    /** For the file that `swapIn` takes over. */
    readonly next: ViewFileOptions,
    /** The file that was there could not be used: damaged, or written by other projections. */
    readonly startedAnew: boolean,
  ) {
    this.reader = new ViewReader(options.path);
  }

  /** Opens the file of a folder, or begins an empty one for the log of that incarnation. */
  static open(
    dir: string,
    projections: readonly Projection[],
    skip: ReadonlySet<number>,
    logCreated: string,
  ): LiveFile {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const options = { path: join(dir, FILE_NAME), projections, skip };
    const next = { ...options, path: join(dir, NEXT_NAME) };
    removeDatabase(next.path);
    const existed = existsSync(options.path);
    const opened = existed ? ViewFile.open(options) : undefined;
    const file = opened ?? ViewFile.create(options, logCreated);
    return new LiveFile(file, options, next, existed && opened === undefined);
  }

  get file(): ViewFile {
    return this.current;
  }

  /** False when a successor could not be put in place, such as on a full disk. */
  get isOpen(): boolean {
    return this.current.isOpen && this.reader.isOpen;
  }

  /** Puts the finished next file in place of the current one, in one go: no query runs in between. */
  swapIn(next: ViewFile): void {
    next.close();
    this.close();
    removeDatabase(this.options.path);
    renameSync(this.next.path, this.options.path);
    this.current = reopen(this.options);
    this.reader.reopen();
  }

  /** Begins anew with nothing in it. */
  reset(logCreated: string): void {
    this.swapIn(ViewFile.create(this.next, logCreated));
  }

  close(): void {
    this.reader.close();
    this.current.close();
  }
}

/**
 * Opens a file that these projections have just written.
 * @throws Error when it is another's by now
 */
export function reopen(options: ViewFileOptions): ViewFile {
  const file = ViewFile.open(options);
  if (file !== undefined) return file;
  throw new Error(`${options.path} was changed meanwhile: give each process a folder of views of its own.`);
}
